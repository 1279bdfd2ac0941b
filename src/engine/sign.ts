/** `slipway sign` and `verify`: images anywhere, and keys in files. */
import type { Descriptor } from '#core/descriptor.ts';
import { descriptorOf } from '#core/manifest.ts';
import { formatPlace, parsePlace } from '#core/place.ts';
import { repositoryKey } from '#core/reference.ts';
import type { SignedClaims } from '#core/simple-signing.ts';
import { signImage } from '#image/sign.ts';
import { readImageSigningKey, readImageVerifyKey } from '#image/signing-key.ts';
import { verifyImage } from '#image/verify.ts';
import { walkImage } from '#store/walk.ts';
import { openSubject, readSubject, type Subject } from './open-subject.ts';
import type { SignImageOptions, VerifyImageOptions } from './referrer-tools.ts';
import type { Resources } from './resources.ts';

export async function sign(
  resources: Resources,
  image: string,
  options: SignImageOptions,
): Promise<void> {
  const { annotations = {}, asReferrer = false, onSigned, signal } = options;
  const key = await readImageSigningKey(options.key, options.keyPassword);
  await using subject = await openSubject(resources, image, options);
  const { repository } = subject;
  const name = options.name ?? claimedName(image);
  for (const descriptor of await signedManifests(subject, options)) {
    const isNew = await signImage(descriptor, {
      ...{ repository, key, name, annotations, asReferrer },
      ...(signal ? { signal } : {}),
    });
    onSigned?.({ name: subject.name, digest: descriptor.digest, isNew });
  }
}

export async function verify(
  resources: Resources,
  image: string,
  options: VerifyImageOptions,
): Promise<readonly SignedClaims[]> {
  const { annotations = {}, name, signal } = options;
  const key = await readImageVerifyKey(options.key);
  await using subject = await readSubject(resources, image, options);
  return await verifyImage(subject.image.digest, {
    ...{ repository: subject.repository, key, annotations },
    ...(name === undefined ? {} : { name }),
    ...(signal ? { signal } : {}),
  });
}

/** As cosign spells it: Docker Hub by its old host. */
function claimedName(image: string): string {
  const place = parsePlace(image);
  if (place.kind !== 'registry') return formatPlace(place);
  return repositoryKey(place.reference).replace(/^docker\.io\//, 'index.docker.io/');
}

/** The image, or all that an index lists as well. */
async function signedManifests(
  { repository, image }: Subject,
  { recursive = false, signal }: SignImageOptions,
): Promise<readonly Descriptor[]> {
  if (!recursive) return [image];
  const { manifests } = await walkImage(repository, {
    selector: image.digest,
    ...(signal ? { signal } : {}),
  });
  return manifests.map(({ raw }) => descriptorOf(raw));
}
