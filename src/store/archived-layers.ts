/**
 * Layer files of a docker-archive as descriptors. The format allows each to be compressed as its
 * writer liked. Plain, gzip and zstd layers are kept as they are; xz and bzip2, for which images have
 * no media type, are known by the plain tar they hold, and are inflated whenever they are read.
 */
import { decompress, detectCompression, MAGIC_BYTES } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { createHasher, type Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from '#core/media-type.ts';
import type { PackedFiles } from './packed-files.ts';
import type { PackedBlob } from './packed-repository.ts';

export interface ArchivedLayer {
  readonly descriptor: Descriptor;
  readonly place: PackedBlob;
}

/**
 * A plain tar is its diffID until somebody reads it and finds otherwise; other forms are hashed.
 * @throws ARCHIVE_INVALID when it is missing
 */
export async function archivedLayer(
  files: PackedFiles,
  path: string,
  diffId: Digest,
): Promise<ArchivedLayer> {
  const size = await files.size(path);
  if (size === undefined) throw fileMissing(files, path);
  switch (await compressionOf(files, path)) {
    case 'none':
      return { descriptor: { mediaType: OCI_LAYER, digest: diffId, size }, place: { path } };
    case 'gzip':
      return await kept(files, path, OCI_LAYER_GZIP);
    case 'zstd':
      return await kept(files, path, OCI_LAYER_ZSTD);
    default: {
      const plain = await hashOf(decompress(files.read(path)));
      const descriptor = { mediaType: OCI_LAYER, digest: diffId, size: plain.size };
      return { descriptor, place: { path, inflatedSize: plain.size } };
    }
  }
}

/** The digest of a layer file's plain tar: what a config's diff_ids list. */
export async function diffIdOf(files: PackedFiles, path: string): Promise<Digest> {
  if ((await files.size(path)) === undefined) throw fileMissing(files, path);
  const isPlain = (await compressionOf(files, path)) === 'none';
  const bytes = files.read(path);
  return (await hashOf(isPlain ? bytes : decompress(bytes))).digest;
}

async function kept(files: PackedFiles, path: string, mediaType: string): Promise<ArchivedLayer> {
  const { digest, size } = await hashOf(files.read(path));
  return { descriptor: { mediaType, digest, size }, place: { path } };
}

async function compressionOf(files: PackedFiles, path: string) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path, { range: { offset: 0, length: MAGIC_BYTES } })) {
    chunks.push(chunk);
  }
  return detectCompression(Buffer.concat(chunks));
}

async function hashOf(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hasher = createHasher();
  let size = 0;
  for await (const chunk of bytes) {
    hasher.update(chunk);
    size += chunk.byteLength;
  }
  return { digest: hasher.digest(), size };
}

export function fileMissing(files: PackedFiles, path: string): SlipwayError {
  return new SlipwayError('ARCHIVE_INVALID', `${files.name}: ${path} is missing`, {
    hint: 'the archive is cut off or damaged: save the image again',
  });
}
