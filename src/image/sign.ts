/**
 * Signs an image as cosign does with a key pair: a document that names its digest, signed, beside the
 * image under a tag or as a manifest that has the image as its subject.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { encodeArtifact, encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG } from '#core/media-type.ts';
import type { CallOptions, RawManifest } from '#core/repository.ts';
import {
  encodeClaims,
  SIGNATURE_ANNOTATION,
  SIGNATURES_TYPE,
  SIMPLE_SIGNING_TYPE,
} from '#core/simple-signing.ts';
import { editTag } from './edit-tag.ts';
import { putBytes } from './put-bytes.ts';
import {
  layersOfReferrers,
  layersUnderTag,
  readSignature,
  type SignedRepository,
  signatureKey,
  signatureLayers,
  signaturesIn,
  signatureTag,
} from './signatures.ts';
import type { ImageSigningKey } from './signing-key.ts';

export interface SignOptions extends CallOptions {
  readonly repository: SignedRepository;
  readonly key: ImageSigningKey;
  /** What the signature says the image is called: its repository. */
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** A manifest with the image as its subject, instead of cosign's tag. */
  readonly asReferrer: boolean;
}

/** False: this key has signed the same already, and nothing was written. */
export async function signImage(image: Descriptor, options: SignOptions): Promise<boolean> {
  const { repository, key, name, annotations, signal } = options;
  const call = signal ? { signal } : {};
  const { digest } = image;
  const payload = encodeClaims({ name, digest, annotations });
  const there = options.asReferrer
    ? await layersOfReferrers(repository, digest, call)
    : await layersUnderTag(repository, digest, call);
  const blob = await putBytes(
    repository.blobs,
    { mediaType: SIMPLE_SIGNING_TYPE, bytes: payload },
    call,
  );
  for (const layer of there.filter((other) => other.digest === blob.digest)) {
    const { signature } = await readSignature(repository, layer, call);
    if (key.isSignedBy(payload, signature)) return false;
  }
  const signature = key.sign(payload).toString('base64');
  const layer = { ...blob, annotations: { [SIGNATURE_ANNOTATION]: signature } };
  if (options.asReferrer) await addReferrer(image, [...there, layer], options);
  else await addUnderTag(digest, layer, options);
  return true;
}

/** Beside those of others. */
async function addUnderTag(
  image: Digest,
  layer: Descriptor,
  { repository, signal }: SignOptions,
): Promise<void> {
  const call = signal ? { signal } : {};
  const edit = async (before: RawManifest | undefined): Promise<RawManifest | undefined> => {
    const layers = before ? signatureLayers(before) : [];
    if (layers.some((other) => signatureKey(other) === signatureKey(layer))) return undefined;
    const all = [...layers, layer];
    const config = { mediaType: OCI_CONFIG, bytes: configOf(all) };
    return encodeImageManifest({
      config: await putBytes(repository.blobs, config, call),
      layers: all,
      ...(before ? annotationsOf(before) : {}),
    });
  };
  await editTag(repository, signatureTag(image), edit, call);
}

function annotationsOf(raw: RawManifest) {
  const { annotations } = signaturesIn(raw);
  return Object.keys(annotations).length > 0 ? { annotations } : {};
}

/** cosign looks at one of these manifests alone, the last that is listed: each has the earlier signatures, too. */
async function addReferrer(
  image: Descriptor,
  layers: readonly Descriptor[],
  { repository, signal }: SignOptions,
): Promise<void> {
  const call = signal ? { signal } : {};
  const each = [...new Map(layers.map((layer) => [signatureKey(layer), layer])).values()];
  const config = { mediaType: SIGNATURES_TYPE, bytes: configOf(each) };
  const { mediaType, digest, size } = image;
  const raw = encodeArtifact({
    artifactType: SIGNATURES_TYPE,
    config: await putBytes(repository.blobs, config, call),
    layers: each,
    subject: { mediaType, digest, size },
  });
  await repository.putManifest(raw, call);
}

/** The config of an image without files, whose layers are the documents. */
function configOf(layers: readonly Descriptor[]): Uint8Array {
  const created = '0001-01-01T00:00:00Z';
  return Buffer.from(
    JSON.stringify({
      architecture: '',
      created,
      history: layers.map(() => ({ created })),
      os: '',
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      config: {},
    }),
  );
}
