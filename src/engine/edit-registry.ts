/** Single facts about images in places, and names changed in registries. */
import type { Descriptor } from '#core/descriptor.ts';
import { SlipwayError } from '#core/errors.ts';
import { decodeManifest } from '#core/manifest.ts';
import { isIndexType } from '#core/media-type.ts';
import { parsePlace } from '#core/place.ts';
import type { Platform } from '#core/platform.ts';
import { familiarReference, withDefaultTag } from '#core/reference.ts';
import type { CallOptions, Repository } from '#core/repository.ts';
import type { CallContext } from '#engine.ts';
import { removeTag } from '#image/remove-tag.ts';
import { selectManifest } from '#image/select.ts';
import { accessOf, callOf } from './call-context.ts';
import { openSource } from './open-source.ts';
import type { DigestOptions, DigestResult, RemoteTagRemoval } from './registry-tools.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export async function imageDigest(
  resources: Resources,
  text: string,
  options: DigestOptions,
): Promise<DigestResult> {
  const { platform } = options;
  const call = callOf(options);
  await using source = await openSource(resources, parsePlace(text), options);
  const { repository, name } = source;
  const named = await repository.resolve(await source.selector(), call);
  const { digest } = platform ? await chosenOf(repository, named, { platform, ...call }) : named;
  return { digest, ...(name ? { reference: { ...name, digest } } : {}) };
}

/** What is one image already stands for itself. */
async function chosenOf(
  repository: Repository,
  named: Descriptor,
  { platform, ...call }: CallOptions & { readonly platform: Platform },
): Promise<Descriptor> {
  if (!isIndexType(named.mediaType)) return named;
  const index = decodeManifest(await repository.getManifest(named.digest, call));
  return index.kind === 'index' ? selectManifest(index, platform) : named;
}

export async function removeRemoteTag(
  resources: Resources,
  text: string,
  options: CallContext,
): Promise<RemoteTagRemoval> {
  const place = parsePlace(text);
  if (place.kind !== 'registry') {
    throw new SlipwayError('USAGE', `"${text}" is no tag in a registry`, {
      hint: place.kind === 'store' ? `slipway rmi ${place.name}` : 'write HOST/NAME:TAG',
    });
  }
  const { digest, ...reference } = withDefaultTag(place.reference);
  const { tag } = reference;
  if (digest !== undefined || tag === undefined) {
    throw new SlipwayError('USAGE', `"${text}" names a digest, which is not removed here`, {
      hint: `name the tag alone: ${familiarReference({ ...reference, tag: tag ?? 'TAG' })}`,
    });
  }
  const access = { ...accessOf(options), forPush: true };
  await using repository = await remoteRepository(resources, reference, access);
  return { reference, ...(await removeTag(repository, tag, callOf(options))) };
}
