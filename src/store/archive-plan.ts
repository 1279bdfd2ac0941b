/**
 * What an image archive will be, to the byte, before the first byte is written: ONE tar that is an
 * OCI layout and a docker-archive at once. In this order: oci-layout, index.json, manifest.json,
 * repositories; under blobs/ every manifest and config, then every layer, each once; bundle.json
 * (bundle-document.ts) at the end, and its signature if there is one. Blobs are as stored, so all digests survive.
 */
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { toByteString } from '#core/bytes.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, type Digest, digestOf, encodedOf } from '#core/digest.ts';
import { descriptorOf, type ImageIndex, type ImageManifest } from '#core/manifest.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  type Reference,
} from '#core/reference.ts';
import type { BlobStore, Repository } from '#core/repository.ts';
import {
  BUNDLE_FILE,
  type BundleBlob,
  type BundleDocument,
  encodeBundle,
  SIGNATURE_FILE,
} from './bundle-document.ts';
import { bundleImages } from './bundle-images.ts';
import {
  encodeLayoutIndex,
  FULL_NAME,
  INDEX_FILE,
  LAYOUT_BYTES,
  LAYOUT_FILE,
  REF_NAME,
} from './layout-index.ts';
import { platformsOf } from './platforms.ts';
import { configsOf, type WalkedImage, walkImage } from './walk.ts';

export interface ArchivedImage {
  readonly from: Repository;
  /** A tag or digest of `from`. */
  readonly selector: string;
  /** With tags; empty: the image goes without a name. */
  readonly names: readonly Reference[];
  /** Follows only this image of an index, which then stands for the whole. Absent: all of them. */
  readonly choose?: (index: ImageIndex) => Descriptor;
  /** It is no image but about this one: a signature, an SBOM. */
  readonly subject?: Digest;
  /** Of its entry in index.json, besides its name. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An image with everything it consists of, looked up. */
export interface ArchivedTree extends ArchivedImage, WalkedImage {
  /** What stands in index.json: the root, or what was chosen of it. */
  readonly top: Descriptor;
  /** `linux/arm64`; none where nothing says. */
  readonly platforms: readonly string[];
}

/** @throws MANIFEST_UNKNOWN, MANIFEST_INVALID, what `choose` throws */
export async function lookUp(image: ArchivedImage, signal?: AbortSignal): Promise<ArchivedTree> {
  const { selector, choose } = image;
  const walked = await walkImage(image.from, {
    selector,
    ...(choose ? { choose } : {}),
    ...(signal ? { signal } : {}),
  });
  return await treeOf(image, walked);
}

/** The same for who walked already. */
export async function treeOf(image: ArchivedImage, walked: WalkedImage): Promise<ArchivedTree> {
  const last = walked.manifests.at(-1);
  const top = last ? descriptorOf(last.raw) : walked.root;
  return { ...image, ...walked, top, platforms: await platformsOf(image.from, walked) };
}

export interface PlanOptions {
  readonly images: readonly ArchivedTree[];
  /** Which image of an index manifest.json shows, the format having room for one. */
  readonly show: (index: ImageIndex) => Descriptor;
  /** Layers that the receiver has. */
  readonly leaveOut?: ReadonlySet<Digest>;
  /** Signs the bytes of bundle.json. */
  readonly sign?: (bundle: Uint8Array) => Uint8Array;
}

/** The archive to be. Nothing has been read of its layers. */
export interface ArchivePlan {
  readonly bundle: BundleDocument;
  /** Of bundle.json, when it is signed. */
  readonly signature?: Uint8Array;
  /** Of the whole tar. */
  readonly sizeBytes: number;
  /** The tar's entries in order; contents are read when asked for. */
  entries(signal?: AbortSignal): Iterable<EntrySource>;
  /** The contents of entries, where they lie and where they go. Documents are no contents. */
  readonly contents: readonly ArchivedContent[];
}

/** A blob as a file of the tar. */
export interface ArchivedContent extends BundleBlob {
  /** As {@link EntrySource} has it. */
  readonly path: string;
  /** Whose it is; absent for manifests, which are in memory. */
  readonly blobs?: BlobStore;
}

const BLOCK = 512;
const END_BYTES = 2 * BLOCK;

export function planArchive(options: PlanOptions): ArchivePlan {
  const { images, leaveOut = new Set<Digest>() } = options;
  const documents = documentsOf(options);
  const pieces = piecesOf(images);
  const written = pieces.filter(({ digest }) => !leaveOut.has(digest));
  const folders = [
    'blobs',
    ...new Set(written.map(({ path }) => path.slice(0, 'blobs/sha256'.length))),
  ];
  let offset = folders.length * BLOCK;
  const advance = (path: string, size: number): number => {
    const start = offset + headerBytes(path);
    offset = start + size + padding(size);
    return start;
  };
  for (const [path, bytes] of documents) advance(path, bytes.byteLength);
  const contents = written.map((piece) => ({ ...piece, offset: advance(piece.path, piece.size) }));
  const blobs = contents.map(({ digest, size, offset }) => ({ digest, size, offset }));
  const bundle: BundleDocument = {
    images: bundleImages(images),
    blobs,
    missing: pieces
      .filter(({ digest }) => leaveOut.has(digest))
      .map(({ digest, size }) => ({ digest, size })),
    files: new Map([...documents].map(([path, bytes]) => [path, digestOf(bytes)])),
  };
  const last = encodeBundle(bundle);
  const signature = options.sign?.(last);
  advance(BUNDLE_FILE, last.byteLength);
  if (signature) advance(SIGNATURE_FILE, signature.byteLength);
  return {
    bundle,
    ...(signature ? { signature } : {}),
    sizeBytes: offset + END_BYTES,
    contents,
    *entries(signal) {
      for (const [path, bytes] of documents) yield file(path, bytes.byteLength, () => [bytes]);
      for (const path of folders) yield folder(path);
      for (const { path, size, content } of written) yield file(path, size, () => content(signal));
      yield file(BUNDLE_FILE, last.byteLength, () => [last]);
      if (signature) yield file(SIGNATURE_FILE, signature.byteLength, () => [signature]);
    },
  };
}

/** A path that a plain tar header has no room for is put before it, in a header of its own. */
function headerBytes(path: string): number {
  return path.length > 100 ? 3 * BLOCK : BLOCK;
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

// What describes the images

function documentsOf({ images, show }: PlanOptions): ReadonlyMap<string, Uint8Array> {
  const runnable = images
    .filter(({ subject }) => subject === undefined)
    .map((image) => ({ ...image, shown: shownManifest(image, show) }));
  return new Map<string, Uint8Array>([
    [LAYOUT_FILE, LAYOUT_BYTES],
    [INDEX_FILE, encodeLayoutIndex(images.flatMap(indexEntries))],
    ['manifest.json', json(runnable.flatMap(dockerItem))],
    ['repositories', json(repositoriesOf(runnable))],
  ]);
}

function indexEntries(tree: ArchivedTree): readonly Descriptor[] {
  const { top, names, subject, manifests, annotations } = tree;
  if (names.length === 0) {
    const artifactType = subject && manifests.at(-1)?.manifest.artifactType;
    const said = annotations ? { annotations } : {};
    return [{ ...top, ...(artifactType === undefined ? {} : { artifactType }), ...said }];
  }
  return names.map((name) => ({
    ...top,
    annotations: {
      ...annotations,
      [FULL_NAME]: formatReference(name),
      ...(name.tag === undefined ? {} : { [REF_NAME]: name.tag }),
    },
  }));
}

/** An image that manifest.json can tell about. */
interface Runnable extends ArchivedTree {
  readonly shown: ImageManifest | undefined;
}

function shownManifest(
  { manifests, top }: ArchivedTree,
  show: (index: ImageIndex) => Descriptor,
): ImageManifest | undefined {
  const manifestAt = (digest: Digest) =>
    manifests.find(({ raw }) => raw.digest === digest)?.manifest;
  let found = manifestAt(top.digest);
  while (found?.kind === 'index') found = manifestAt(show(found).digest);
  return found;
}

/** An index without any image can only be seen by readers of index.json. */
function dockerItem({ shown, names }: Runnable): readonly object[] {
  if (!shown) return [];
  const RepoTags = names.length === 0 ? null : names.map(familiarReference);
  const Layers = shown.layers.map(({ digest }) => blobPath(digest));
  return [{ Config: blobPath(shown.config.digest), RepoTags, Layers }];
}

/** The oldest index of the format: name → tag → top layer. Maps: an image may be called `constructor`. */
function repositoriesOf(images: readonly Runnable[]): object {
  const repositories = new Map<string, Map<string, string>>();
  for (const { shown, names } of images) {
    const layer = shown?.layers.at(-1);
    if (!layer) continue;
    for (const name of names) {
      if (name.tag === undefined) continue;
      const tags = repositories.get(familiarName(name)) ?? new Map<string, string>();
      repositories.set(familiarName(name), tags.set(name.tag, encodedOf(layer.digest)));
    }
  }
  return Object.fromEntries(
    [...repositories].map(([key, tags]) => [key, Object.fromEntries(tags)]),
  );
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

// What they consist of

interface Piece {
  readonly digest: Digest;
  readonly size: number;
  readonly path: string;
  readonly blobs?: BlobStore;
  readonly content: (
    signal: AbortSignal | undefined,
  ) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Every blob once: what is small and says what the rest is comes first, each half by path. */
function piecesOf(images: readonly ArchivedTree[]): readonly Piece[] {
  const heads = new Map<Digest, Piece>();
  const layers = new Map<Digest, Piece>();
  for (const { from, manifests, blobs } of images) {
    for (const { raw } of manifests) {
      const size = raw.bytes.byteLength;
      heads.set(raw.digest, { ...placed(raw.digest, size), content: () => [raw.bytes] });
    }
    const configs = configsOf(manifests);
    for (const { digest, size } of blobs) {
      const content: Piece['content'] = (signal) =>
        from.blobs.read(digest, signal ? { signal } : {});
      const piece = { ...placed(digest, size), blobs: from.blobs, content };
      (configs.has(digest) ? heads : layers).set(digest, piece);
    }
  }
  const byPath = (a: Piece, b: Piece): number => (a.path < b.path ? -1 : 1);
  const rest = [...layers.values()].filter(({ digest }) => !heads.has(digest));
  return [...[...heads.values()].sort(byPath), ...rest.sort(byPath)];
}

function placed(digest: Digest, size: number): Pick<Piece, 'digest' | 'size' | 'path'> {
  return { digest, size, path: blobPath(digest) };
}

function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}

const ROOT_OWNED = { uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };

function file(
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
