/**
 * What every Repository checks before it takes a manifest (repository.ts, putManifest): the bytes
 * are what the digest says, the document follows its specification, and what it needs is there.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest, type Manifest } from '#core/manifest.ts';
import { isTag } from '#core/reference.ts';
import type { BlobInfo, RawManifest } from '#core/repository.ts';
import { blobUnknown } from './local-blobs.ts';
import { verifyBytes } from './verified-read.ts';

/** How to ask the place for what a manifest refers to. */
export interface Presence {
  blob(digest: Digest): Promise<BlobInfo | undefined>;
  manifest(digest: Digest): Promise<boolean>;
}

export interface CheckOptions {
  readonly tag?: string | undefined;
  /** What the manifest refers to may be missing; what is there must have the right size all the same. */
  readonly sparse?: boolean;
}

/**
 * Decodes and checks; stores nothing.
 * @throws DIGEST_MISMATCH, MANIFEST_INVALID, BLOB_UNKNOWN, MANIFEST_UNKNOWN, REFERENCE_INVALID (tag)
 */
export async function checkManifest(
  raw: RawManifest,
  presence: Presence,
  { tag, sparse = false }: CheckOptions = {},
): Promise<Manifest> {
  if (tag !== undefined) checkTag(tag);
  verifyBytes(raw.bytes, { digest: raw.digest, from: 'the manifest' });
  const manifest = decodeManifest(raw);
  for (const child of childrenOf(manifest)) {
    if (manifest.kind === 'image') await checkBlob(child, presence, sparse);
    else if (!sparse) await needManifest(child, presence);
  }
  return manifest;
}

async function needManifest(child: Descriptor, presence: Presence): Promise<void> {
  if (!(await presence.manifest(child.digest))) throw manifestUnknown(child.digest);
}

async function checkBlob(child: Descriptor, presence: Presence, sparse: boolean): Promise<void> {
  if (isForeign(child)) return;
  const found = await presence.blob(child.digest);
  if (!found) {
    if (sparse) return;
    throw blobUnknown(child.digest);
  }
  if (found.size !== child.size) {
    throw new SlipwayError(
      'MANIFEST_INVALID',
      `manifest invalid: ${child.digest} has ${found.size} bytes, not ${child.size}`,
    );
  }
}

/** Layers that registries must not carry are fetched from their own URLs (image-spec layer.md). */
export function isForeign(descriptor: Descriptor): boolean {
  return (descriptor.urls?.length ?? 0) > 0;
}

function checkTag(tag: string): void {
  if (isTag(tag)) return;
  throw new SlipwayError('REFERENCE_INVALID', `invalid tag format: "${tag}"`, {
    hint: 'a tag has up to 128 letters, digits, "_", "." and "-", and begins with none of the last two',
  });
}

/** `what`: a reference for people where there is one, else the digest. */
export function manifestUnknown(what: string): SlipwayError {
  return new SlipwayError('MANIFEST_UNKNOWN', `manifest for ${what} not found: manifest unknown`, {
    hint: 'check the tag or digest',
    detail: { reference: what },
  });
}

export function nameUnknown(name: string): SlipwayError {
  return new SlipwayError('NAME_UNKNOWN', `repository ${name} not found`, {
    hint: 'check the name',
    detail: { repository: name },
  });
}
