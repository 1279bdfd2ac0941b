/**
 * Writes images into ONE tar that is an OCI layout and a docker-archive at once: oci-layout,
 * index.json, manifest.json, repositories, then every blob once under blobs/. `docker load`,
 * `podman load`, skopeo's docker-archive: and oci-archive: and our own load read it. The same images
 * give the same bytes; blobs are as stored, so all digests survive.
 */
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { packImageTar } from '#archive/image-tar.ts';
import { toByteString } from '#core/bytes.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, type Digest, encodedOf } from '#core/digest.ts';
import type { ImageIndex, ImageManifest } from '#core/manifest.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  type Reference,
} from '#core/reference.ts';
import type { BlobStore, Repository } from '#core/repository.ts';
import {
  encodeLayoutIndex,
  FULL_NAME,
  INDEX_FILE,
  LAYOUT_BYTES,
  LAYOUT_FILE,
  REF_NAME,
} from './layout-index.ts';
import { type WalkedImage, walkImage } from './walk.ts';

export interface ArchivedImage {
  readonly from: Repository;
  /** A tag or digest of `from`. */
  readonly selector: string;
  /** With tags; empty: the image goes without a name. */
  readonly names: readonly Reference[];
}

export interface WriteArchiveOptions {
  readonly images: readonly ArchivedImage[];
  /** Which image of an index manifest.json shows, the format having room for one. */
  readonly choose: (index: ImageIndex) => Descriptor;
  readonly sink: (chunk: Uint8Array) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Streams; holds no blob in memory. @throws what the repositories throw; BLOB_UNKNOWN */
export async function writeImageArchive(options: WriteArchiveOptions): Promise<void> {
  const walked: Walked[] = [];
  for (const image of options.images) {
    const { selector } = image;
    const signal = options.signal ? { signal: options.signal } : {};
    const whole = await walkImage(image.from, { selector, ...signal });
    walked.push({ ...image, ...whole, shown: shownManifest(whole, options.choose) });
  }
  for await (const chunk of packImageTar(entriesOf(walked, options.signal))) {
    await options.sink(chunk);
  }
}

interface Walked extends ArchivedImage, WalkedImage {
  /** What manifest.json tells about. */
  readonly shown: ImageManifest | undefined;
}

function shownManifest(
  walked: WalkedImage,
  choose: (index: ImageIndex) => Descriptor,
): ImageManifest | undefined {
  const manifestAt = (digest: Digest) =>
    walked.manifests.find(({ raw }) => raw.digest === digest)?.manifest;
  let found = manifestAt(walked.root.digest);
  while (found?.kind === 'index') found = manifestAt(choose(found).digest);
  return found;
}

function* entriesOf(images: readonly Walked[], signal?: AbortSignal): Iterable<EntrySource> {
  yield file(LAYOUT_FILE, LAYOUT_BYTES);
  yield file(INDEX_FILE, encodeLayoutIndex(images.flatMap(indexEntries)));
  yield file('manifest.json', json(images.flatMap(dockerItem)));
  yield file('repositories', json(repositoriesOf(images)));
  yield folder('blobs');
  const contents = contentOf(images);
  const paths = [...contents.keys()].sort();
  for (const algorithm of ['sha256', 'sha512']) {
    const inside = paths.filter((path) => path.startsWith(`blobs/${algorithm}/`));
    if (inside.length > 0) yield folder(`blobs/${algorithm}`);
    for (const path of inside) {
      const content = contents.get(path);
      if (content) yield content(signal);
    }
  }
}

function indexEntries({ root, names }: Walked): readonly Descriptor[] {
  if (names.length === 0) return [root];
  return names.map((name) => ({
    ...root,
    annotations: {
      [FULL_NAME]: formatReference(name),
      ...(name.tag === undefined ? {} : { [REF_NAME]: name.tag }),
    },
  }));
}

/** An index without any image can only be seen by readers of index.json. */
function dockerItem({ shown, names }: Walked): readonly object[] {
  if (!shown) return [];
  const RepoTags = names.length === 0 ? null : names.map(familiarReference);
  const Layers = shown.layers.map(({ digest }) => blobPath(digest));
  return [{ Config: blobPath(shown.config.digest), RepoTags, Layers }];
}

/** The oldest index of the format: name → tag → top layer. */
function repositoriesOf(images: readonly Walked[]): object {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { shown, names } of images) {
    const top = shown?.layers.at(-1);
    if (!top) continue;
    for (const name of names) {
      if (name.tag === undefined) continue;
      repositories[familiarName(name)] ??= {};
      Object.assign(repositories[familiarName(name)] ?? {}, { [name.tag]: encodedOf(top.digest) });
    }
  }
  return repositories;
}

type Content = (signal?: AbortSignal) => EntrySource;

/** Every manifest and blob once, by path. */
function contentOf(images: readonly Walked[]): ReadonlyMap<string, Content> {
  const contents = new Map<string, Content>();
  for (const image of images) {
    for (const { raw } of image.manifests) {
      contents.set(blobPath(raw.digest), () => file(blobPath(raw.digest), raw.bytes));
    }
    for (const blob of image.blobs) {
      contents.set(blobPath(blob.digest), (signal) => stored(image.from.blobs, blob, signal));
    }
  }
  return contents;
}

function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}

function stored(
  blobs: BlobStore,
  { digest, size }: Descriptor,
  signal: AbortSignal | undefined,
): EntrySource {
  return entry(blobPath(digest), size, () => blobs.read(digest, signal ? { signal } : {}));
}

function file(path: string, bytes: Uint8Array): EntrySource {
  return entry(path, bytes.byteLength, () => [bytes]);
}

const ROOT_OWNED = { uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };

function entry(
  path: string,
  size: number,
  content: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): EntrySource {
  return {
    entry: { kind: 'file', path: toByteString(path), mode: 0o644, size, ...ROOT_OWNED },
    content,
  };
}

function folder(path: string): EntrySource {
  return { entry: { kind: 'directory', path: toByteString(path), mode: 0o755, ...ROOT_OWNED } };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
