/**
 * Small images made from nothing: layers are real tars with random content, so no two images share
 * a digest unless they share a layer on purpose.
 */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { TarWriter } from '#archive/tar-write.ts';
import { toByteString } from '#core/bytes.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { encodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { descriptorOf, encodeImageManifest, encodeIndex } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import type { BlobStore, RawManifest, Repository } from '#core/repository.ts';

export interface SampleBlob {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface SampleLayer extends SampleBlob {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

export interface SampleImage {
  readonly manifest: RawManifest;
  readonly config: ImageConfig;
  /** The image ID. */
  readonly imageId: Digest;
  readonly layers: readonly SampleLayer[];
  /** Config and layers. */
  readonly blobs: readonly SampleBlob[];
}

export interface SampleIndex {
  readonly manifest: RawManifest;
  readonly images: readonly SampleImage[];
}

export interface SampleOptions {
  /** How many layers; default 2. */
  readonly layers?: number;
  readonly platform?: Platform;
  /** Default: plain. */
  readonly codec?: 'none' | 'gzip';
  /** Bytes of each layer's file; default 100. */
  readonly fileSize?: number;
}

export function sampleBlob(bytes: Uint8Array = randomBytes(100)): SampleBlob {
  return { digest: digestOf(bytes), bytes };
}

/** A tar with one file of the given (or random) content. */
export async function sampleTar(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const writer = new TarWriter(async (chunk) => void chunks.push(Uint8Array.from(chunk)));
  for (const [name, bytes] of Object.entries(files)) {
    await writer.add({
      entry: {
        kind: 'file',
        path: toByteString(name),
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: EPOCH,
        xattrs: NO_XATTRS,
        size: bytes.byteLength,
      },
      content: () => [bytes],
    });
  }
  await writer.finish();
  return Buffer.concat(chunks);
}

export async function sampleLayer(options: SampleOptions = {}): Promise<SampleLayer> {
  const name = `file-${randomBytes(4).toString('hex')}`;
  const tar = await sampleTar({ [name]: randomBytes(options.fileSize ?? 100) });
  const isGzip = options.codec === 'gzip';
  const bytes = isGzip ? gzipSync(tar) : tar;
  const blob = sampleBlob(bytes);
  const mediaType = isGzip ? OCI_LAYER_GZIP : OCI_LAYER;
  return {
    ...blob,
    diffId: digestOf(tar),
    descriptor: { mediaType, digest: blob.digest, size: bytes.byteLength },
  };
}

export async function sampleImage(options: SampleOptions = {}): Promise<SampleImage> {
  const layers: SampleLayer[] = [];
  for (let i = 0; i < (options.layers ?? 2); i += 1) layers.push(await sampleLayer(options));
  return imageOf(layers, options);
}

/** An image over given layers, so that images can share some. */
export function imageOf(
  layers: readonly SampleLayer[],
  { platform = { os: 'linux', architecture: 'amd64' } }: SampleOptions = {},
): SampleImage {
  const config: ImageConfig = {
    created: '2026-01-02T03:04:05Z',
    author: randomBytes(4).toString('hex'),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant ? { variant: platform.variant } : {}),
    config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created: '2026-01-02T03:04:05Z', created_by: 'test' })),
  };
  const configBlob = sampleBlob(encodeImageConfig(config));
  const manifest = encodeImageManifest({
    config: {
      mediaType: OCI_CONFIG,
      digest: configBlob.digest,
      size: configBlob.bytes.byteLength,
    },
    layers: layers.map((layer) => layer.descriptor),
  });
  return { manifest, config, imageId: configBlob.digest, layers, blobs: [configBlob, ...layers] };
}

/** An index over one image per platform (default: amd64 and arm64). */
export async function sampleIndex(
  platforms: readonly Platform[] = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ],
): Promise<SampleIndex> {
  const images: SampleImage[] = [];
  for (const platform of platforms) images.push(await sampleImage({ platform }));
  const descriptors = images.map((image, i) => {
    const platform = platforms[i];
    return { ...descriptorOf(image.manifest), ...(platform ? { platform } : {}) };
  });
  return { manifest: encodeIndex(descriptors), images };
}

export async function putBlob(blobs: BlobStore, blob: SampleBlob): Promise<void> {
  await using ingest = await blobs.ingest({ digest: blob.digest, size: blob.bytes.byteLength });
  await ingest.write(blob.bytes);
  await ingest.commit({ digest: blob.digest, size: blob.bytes.byteLength });
}

/** Puts blobs, then the manifest, then (when given) the tag. */
export async function putImage(
  repository: Repository,
  image: SampleImage,
  tag?: string,
): Promise<void> {
  for (const blob of image.blobs) await putBlob(repository.blobs, blob);
  await repository.putManifest(image.manifest, tag === undefined ? {} : { tag });
}

export async function putIndex(
  repository: Repository,
  index: SampleIndex,
  tag?: string,
): Promise<void> {
  for (const image of index.images) await putImage(repository, image);
  await repository.putManifest(index.manifest, tag === undefined ? {} : { tag });
}

/** All bytes of a stream. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
