/**
 * Takes a tag away from a registry and leaves what it names: by deleting the tag where the registry can
 * (distribution-spec §Deleting tags), else by way of a manifest of no worth, which gets the tag and is
 * deleted by its own digest then. Whatever goes wrong, the tag is as it was, or gone; what it named is
 * never deleted, and put back where a registry deletes it together with its tag.
 */
import { randomUUID } from 'node:crypto';
import { digestOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { encodeImageManifest } from '#core/manifest.ts';
import { DOCKER_CONFIG, DOCKER_LIST, DOCKER_MANIFEST, OCI_CONFIG } from '#core/media-type.ts';
import type { CallOptions, RawManifest, Repository } from '#core/repository.ts';

export interface RemovedTag {
  /** What the tag named, which is still there. */
  readonly kept: RawManifest['digest'];
  readonly way: TagRemoval;
}

/** `tag`: the registry deletes tags; `stand-in`: by a manifest that took its place. */
export type TagRemoval = 'tag' | 'stand-in';

/** The registry has no such thing as the request asks for. */
const UNSUPPORTED: ReadonlySet<unknown> = new Set([400, 404, 405, 501]);

/**
 * @throws MANIFEST_UNKNOWN, NAME_UNKNOWN, UNAUTHORIZED; REGISTRY_REFUSED: neither way is open, and the
 * tag names what it named
 */
export async function removeTag(
  repository: Required<Repository>,
  tag: string,
  call: CallOptions = {},
): Promise<RemovedTag> {
  const named = await repository.getManifest(tag, call);
  const refusal = await deletedByName(repository, tag, call);
  if (refusal === undefined) {
    await keep(repository, named, call);
    return { kept: named.digest, way: 'tag' };
  }
  await replaceAndDelete(repository, { tag, named, refusal }, call);
  return { kept: named.digest, way: 'stand-in' };
}

/** Undefined when the tag is gone; else how the registry said no. */
async function deletedByName(
  repository: Required<Repository>,
  tag: string,
  call: CallOptions,
): Promise<string | undefined> {
  try {
    if (!(await repository.deleteTag(tag, call))) return 'not found';
  } catch (error) {
    return refusalIn(error);
  }
  return (await exists(repository, tag, call)) ? 'accepted, and not done' : undefined;
}

/** Throws again what is no refusal. */
function refusalIn(error: unknown): string {
  if (!isSlipwayError(error) || !UNSUPPORTED.has(error.detail.status)) throw error;
  return error.message;
}

interface Removal {
  readonly tag: string;
  readonly named: RawManifest;
  /** How the registry refused to delete the tag. */
  readonly refusal: string;
}

async function replaceAndDelete(
  repository: Required<Repository>,
  removal: Removal,
  call: CallOptions,
): Promise<void> {
  const { tag, named } = removal;
  const standIn = await putStandIn(repository, removal, call);
  // From here on the tag must not be left at what we made, whatever ends us but a crash.
  try {
    const refusal = await deletedByDigest(repository, standIn, call);
    const isGone = refusal === undefined && !(await exists(repository, tag, call));
    if (!isGone) throw neither(removal, refusal ?? 'accepted, and not done');
  } catch (error) {
    await restore(repository, tag, named);
    throw error;
  }
  await keep(repository, named, call);
}

async function deletedByDigest(
  repository: Required<Repository>,
  { digest }: RawManifest,
  call: CallOptions,
): Promise<string | undefined> {
  try {
    return (await repository.deleteManifest(digest, call)) ? undefined : 'not found';
  } catch (error) {
    return refusalIn(error);
  }
}

/** An image without layers that nobody else has, of the family that the registry takes already. */
async function putStandIn(
  repository: Required<Repository>,
  { tag, named, refusal }: Removal,
  call: CallOptions,
): Promise<RawManifest> {
  const docker = named.mediaType === DOCKER_MANIFEST || named.mediaType === DOCKER_LIST;
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'none',
      os: 'none',
      config: { Labels: { 'slipway.stand-in': randomUUID() } },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  );
  const blob = { digest: digestOf(config), size: config.byteLength };
  await using ingest = await repository.blobs.ingest(blob, call);
  await ingest.write(config);
  await ingest.commit(blob);
  const mediaType = docker ? DOCKER_CONFIG : OCI_CONFIG;
  const manifest = encodeImageManifest({ config: { mediaType, ...blob }, layers: [], docker });
  try {
    await repository.putManifest(manifest, { ...call, tag });
  } catch (error) {
    if (!isSlipwayError(error, 'REGISTRY_REFUSED', 'MANIFEST_INVALID')) throw error;
    throw neither({ tag, named, refusal }, `no manifest can take its place: ${error.message}`);
  }
  return manifest;
}

/** Also after Ctrl-C: a signal that is over must not keep us from it. */
async function restore(repository: Repository, tag: string, named: RawManifest): Promise<void> {
  try {
    await repository.putManifest(named, { tag });
  } catch (cause) {
    throw new SlipwayError(
      'REGISTRY_REFUSED',
      `the tag ${tag} could be neither removed nor put back: it should name ${named.digest}`,
      { hint: `set it again: slipway copy NAME@${named.digest} NAME:${tag}`, cause },
    );
  }
}

/** Some registries delete what the tag named as well. Its blobs are there until their next clean-up. */
async function keep(repository: Repository, named: RawManifest, call: CallOptions): Promise<void> {
  if (!(await exists(repository, named.digest, call))) await repository.putManifest(named, call);
}

async function exists(
  repository: Repository,
  selector: string,
  call: CallOptions,
): Promise<boolean> {
  try {
    await repository.resolve(selector, call);
    return true;
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return false;
    throw error;
  }
}

function neither({ tag, named, refusal }: Removal, also: string): SlipwayError {
  return new SlipwayError(
    'REGISTRY_REFUSED',
    `the registry deletes neither tags (${refusal}) nor manifests (${also})`,
    {
      hint: `the tag ${tag} names what it named; whoever runs the registry can allow deleting (docker's: storage.delete.enabled), or you move the tag to another image`,
      detail: { tag, digest: named.digest },
    },
  );
}
