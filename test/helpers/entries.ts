/** Builders of archive entries and of layers in a folder, for tests of archives, layers and above. */
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Entry, EntryMetadata, EntrySource } from '#archive/entry.ts';
import { TarWriter } from '#archive/tar-write.ts';
import { type ByteString, byteStringOf, toByteString } from '#core/bytes.ts';
import { digestOf } from '#core/digest.ts';
import type { Ingest } from '#core/repository.ts';
import { indexTar } from '#layer/index-tar.ts';
import type { LayerFiles } from '#layer/layer.ts';

export type Metadata = Partial<Omit<EntryMetadata, 'path' | 'xattrs'>> & {
  readonly xattrs?: Readonly<Record<string, string | Uint8Array>>;
};

function metadata(name: string, given: Metadata, mode: number): EntryMetadata {
  const { xattrs = {}, ...rest } = given;
  return {
    path: toByteString(name),
    mode,
    uid: 0,
    gid: 0,
    mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
    xattrs: new Map(
      Object.entries(xattrs).map(([key, value]) => [toByteString(key), Buffer.from(value)]),
    ),
    ...rest,
  };
}

/** A regular file with its content. */
export function file(
  name: string,
  content: string | Uint8Array = '',
  given: Metadata = {},
): EntrySource {
  const bytes = Buffer.from(content);
  return {
    entry: { ...metadata(name, given, 0o644), kind: 'file', size: bytes.length },
    content: () => (bytes.length === 0 ? [] : [bytes]),
  };
}

export function directory(name: string, given: Metadata = {}): EntrySource {
  return { entry: { ...metadata(name, given, 0o755), kind: 'directory' } };
}

export function symlink(name: string, target: string, given: Metadata = {}): EntrySource {
  const entry: Entry = {
    ...metadata(name, given, 0o777),
    kind: 'symlink',
    target: toByteString(target),
  };
  return { entry };
}

export function hardlink(name: string, target: string, given: Metadata = {}): EntrySource {
  const entry: Entry = {
    ...metadata(name, given, 0o644),
    kind: 'hardlink',
    target: toByteString(target),
  };
  return { entry };
}

export function device(
  name: string,
  given: Metadata & {
    readonly kind: 'char' | 'block';
    readonly major: number;
    readonly minor: number;
  },
): EntrySource {
  const { kind, major, minor, ...rest } = given;
  return { entry: { ...metadata(name, rest, 0o600), kind, major, minor } };
}

export function fifo(name: string, given: Metadata = {}): EntrySource {
  return { entry: { ...metadata(name, given, 0o644), kind: 'fifo' } };
}

/** The tar of some entries, in memory. */
export async function tarOf(sources: Iterable<EntrySource>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const writer = new TarWriter(async (chunk) => void chunks.push(Buffer.from(chunk)));
  for (const source of sources) await writer.add(source);
  await writer.finish();
  return Buffer.concat(chunks);
}

/** An ingest that keeps what is written. */
export function memoryIngest(): Ingest & { readonly bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const bytes = (): Buffer => Buffer.concat(chunks);
  return {
    bytes,
    write: async (chunk) => void chunks.push(Buffer.from(chunk)),
    commit: async () => ({ digest: digestOf(bytes()), size: bytes().length }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Bytes as a stream of chunks of some size. */
export async function* streamOf(
  bytes: Uint8Array,
  chunkBytes = 65_536,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** Reads a stream of bytes to its end. */
export async function collect(stream: AsyncIterable<unknown> | Iterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the stream yields no bytes');
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** Writes a tar and its index into a folder. */
export async function layerIn(folder: string, tar: Uint8Array): Promise<LayerFiles> {
  const { index, diffId } = await indexTar(streamOf(tar));
  const name = path.join(folder, diffId.slice(7, 23));
  writeFileSync(`${name}.tar`, tar);
  writeFileSync(`${name}.erofs`, index);
  return { diffId, tar: `${name}.tar`, index: `${name}.erofs` };
}

/** Text as the byte string that entries use. */
export function name(text: string | Uint8Array): ByteString {
  return typeof text === 'string' ? toByteString(text) : byteStringOf(text);
}
