/**
 * An image archive as a read-only Repository: blobs are read where they lie, in a tar or a folder.
 * Which images it holds comes from the format's reader (oci-archive.ts, docker-archive.ts). A tag
 * here is a full name (`docker.io/library/app:1`) or its last part where that is enough.
 */
import { decompress } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, type Digest, encodedOf, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { descriptorOf, MANIFEST_SIZE_BYTES_MAX, rawManifest } from '#core/manifest.ts';
import { familiarReference, type Reference } from '#core/reference.ts';
import type {
  BlobInfo,
  BlobRange,
  BlobStore,
  CallOptions,
  FileBacked,
  FilePart,
  Ingest,
  RawManifest,
  RawReader,
  ReferrerLister,
  ReferrerOptions,
  Repository,
} from '#core/repository.ts';
import type { BundleDocument } from './bundle-document.ts';
import type { FileReadOptions } from './file-read.ts';
import { blobUnknown } from './local-blobs.ts';
import { manifestUnknown } from './manifest-rules.ts';
import type { PackedFiles } from './packed-files.ts';
import { type ReferrersBySubject, referrersAmong, referrersTo } from './referrers.ts';
import { verified, verifyBytes } from './verified-read.ts';

/** One image (or index) of an archive. */
export interface PackedImage {
  readonly manifest: Descriptor;
  /** Normalised; empty: it came without a name. */
  readonly names: readonly Reference[];
  /** What its writer called it besides: the tag, or a word of no further meaning. */
  readonly refNames: readonly string[];
}

/** Where the bytes of a blob are. */
export interface PackedBlob {
  readonly path: string;
  /** The file is compressed and the blob what it holds: its size, inflated. */
  readonly inflatedSize?: number;
}

export interface PackedContents {
  readonly images: readonly PackedImage[];
  /** Manifests made up by the reader of a format that has none. */
  readonly manifests?: readonly RawManifest[];
  /** Where blobs lie that do not lie at `blobs/<algorithm>/<hex>`. */
  readonly places?: ReadonlyMap<Digest, PackedBlob>;
  /** Configs made up by the reader of a format that has none. */
  readonly documents?: ReadonlyMap<Digest, Uint8Array>;
  /** What its writer says of the whole. */
  readonly bundle?: BundleDocument;
}

export class PackedRepository implements Repository, ReferrerLister {
  readonly blobs: BlobStore;
  readonly images: readonly PackedImage[];
  /** Absent: it was not written by us. */
  readonly bundle?: BundleDocument;
  readonly #files: PackedBlobs;
  readonly #manifests: ReadonlyMap<Digest, RawManifest>;
  #referrers: Promise<ReferrersBySubject> | undefined;

  /** @throws ARCHIVE_INVALID */
  constructor(files: PackedFiles, contents: PackedContents) {
    for (const image of contents.images) checkNames(image, files);
    this.#files = new PackedBlobs(files, contents);
    this.blobs = this.#files;
    this.images = contents.images;
    if (contents.bundle) this.bundle = contents.bundle;
    this.#manifests = new Map((contents.manifests ?? []).map((raw) => [raw.digest, raw]));
  }

  async resolve(tagOrDigest: string, options: CallOptions = {}): Promise<Descriptor> {
    return descriptorOf(await this.getManifest(tagOrDigest, options));
  }

  async getManifest(tagOrDigest: string, options: CallOptions = {}): Promise<RawManifest> {
    const digest = isDigest(tagOrDigest) ? tagOrDigest : this.#named(tagOrDigest);
    return this.#manifests.get(digest) ?? (await this.#read(digest, options));
  }

  /** Always refuses. @throws READ_ONLY */
  async putManifest(): Promise<Descriptor> {
    throw readOnly();
  }

  async *tags(): AsyncIterable<string> {
    yield* [...new Set(this.images.flatMap(({ refNames }) => refNames))].sort();
  }

  async referrers(subject: Digest, options: ReferrerOptions = {}): Promise<readonly Descriptor[]> {
    const digests = this.images.map(({ manifest }) => manifest.digest);
    this.#referrers ??= referrersAmong(this, digests);
    return referrersTo(subject, await this.#referrers, options);
  }

  #named(name: string): Digest {
    const full = this.images.filter(({ names }) =>
      names.some((reference) => familiarReference(reference) === name),
    );
    const found = full.length > 0 ? full : this.images.filter((i) => i.refNames.includes(name));
    const digests = new Set(found.map(({ manifest }) => manifest.digest));
    const [digest] = digests;
    if (digest === undefined) throw manifestUnknown(name);
    if (digests.size === 1) return digest;
    const names = found.flatMap((image) => image.names.map(familiarReference));
    throw new SlipwayError('MANIFEST_UNKNOWN', `the archive has several images called ${name}`, {
      hint: `name one of ${names.join(', ')}`,
    });
  }

  /** A blob that is a manifest; every other blob is not known as one. */
  async #read(digest: Digest, options: CallOptions): Promise<RawManifest> {
    const info = await this.blobs.stat(digest, options);
    if (!info || info.size > MANIFEST_SIZE_BYTES_MAX) throw manifestUnknown(digest);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#files.unverified(digest, options)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    verifyBytes(bytes, { digest, from: `manifest ${digest}` });
    try {
      return { ...rawManifest(bytes), digest };
    } catch (error) {
      if (isSlipwayError(error, 'MANIFEST_INVALID', 'JSON_INVALID')) throw manifestUnknown(digest);
      throw error;
    }
  }
}

class PackedBlobs implements BlobStore, RawReader, FileBacked {
  readonly #files: PackedFiles;
  readonly #places: ReadonlyMap<Digest, PackedBlob>;
  readonly #documents: ReadonlyMap<Digest, Uint8Array>;

  constructor(files: PackedFiles, { places, documents }: PackedContents) {
    this.#files = files;
    this.#places = places ?? new Map();
    this.#documents = documents ?? new Map();
  }

  async stat(digest: Digest, _options?: CallOptions): Promise<BlobInfo | undefined> {
    const document = this.#documents.get(digest);
    if (document) return { digest, size: document.byteLength };
    const { path, inflatedSize } = this.#place(digest);
    const size = inflatedSize ?? (await this.#files.size(path));
    return size === undefined ? undefined : { digest, size };
  }

  async *read(
    digest: Digest,
    options: CallOptions & { readonly range?: BlobRange } = {},
  ): AsyncIterable<Uint8Array> {
    if ((await this.stat(digest)) === undefined) throw blobUnknown(digest);
    const chunks = this.unverified(digest, options);
    const from = `${this.#place(digest).path} of ${this.#files.name}`;
    yield* options.range ? chunks : verified(chunks, { digest, from });
  }

  async *readRaw(digest: Digest, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    if ((await this.stat(digest)) === undefined) throw blobUnknown(digest);
    yield* this.unverified(digest, { ...options, reuse: true });
  }

  async partsOf(digest: Digest): Promise<readonly FilePart[] | undefined> {
    const { path, inflatedSize } = this.#place(digest);
    if (this.#documents.has(digest) || inflatedSize !== undefined) return undefined;
    return await this.#files.partsOf(path);
  }

  unverified(digest: Digest, options: FileReadOptions): AsyncIterable<Uint8Array> {
    const document = this.#documents.get(digest);
    if (document) return partOf([document], options.range ?? { offset: 0 });
    const { path, inflatedSize } = this.#place(digest);
    if (inflatedSize === undefined) return this.#files.read(path, options);
    // Inflating may still read a chunk when it asks for the next one.
    const { range, reuse: _, ...call } = options;
    const plain = decompress(this.#files.read(path, call), call);
    return range ? partOf(plain, range) : plain;
  }

  async ingest(): Promise<Ingest> {
    throw readOnly();
  }

  #place(digest: Digest): PackedBlob {
    const usual = { path: `blobs/${algorithmOf(digest)}/${encodedOf(digest)}` };
    return this.#places.get(digest) ?? usual;
  }
}

/** What is not wanted has to be read all the same: nobody can seek in a compressed file. */
async function* partOf(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { offset, length = Number.POSITIVE_INFINITY }: BlobRange,
): AsyncIterable<Uint8Array> {
  let at = 0;
  for await (const chunk of source) {
    const part = chunk.subarray(
      Math.max(0, offset - at),
      Math.max(0, Math.min(chunk.byteLength, offset + length - at)),
    );
    if (part.byteLength > 0) yield part;
    at += chunk.byteLength;
    if (at >= offset + length) return;
  }
}

/** Each name is written by itself; a registry's busiest repositories have a few thousand tags. */
const NAMES_MAX = 10_000;

function checkNames({ names }: PackedImage, { name: archive }: PackedFiles): void {
  if (names.length <= NAMES_MAX) return;
  const message = `${archive}: an image has ${names.length} names, more than ${NAMES_MAX}`;
  throw new SlipwayError('ARCHIVE_INVALID', message, { hint: 'save it under fewer names' });
}

function readOnly(): SlipwayError {
  return new SlipwayError('READ_ONLY', 'an image archive can only be read', {
    hint: 'write a new one with "slipway save"',
  });
}
