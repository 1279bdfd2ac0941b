/**
 * An OCI layout folder as a Repository (image-spec image-layout.md). A tag is an entry of index.json
 * with `org.opencontainers.image.ref.name`; other annotations of an entry are kept. A manifest put
 * without a tag gets an entry without a name, unless an index of the folder contains it.
 * One process writes at a time: the format has no locks.
 */

import { randomUUID } from 'node:crypto';
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, type Digest, encodedOf, isDigest } from '#core/digest.ts';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import { childrenOf, descriptorOf, MANIFEST_SIZE_BYTES_MAX, rawManifest } from '#core/manifest.ts';
import type {
  BlobInfo,
  BlobRange,
  BlobStore,
  CallOptions,
  Ingest,
  RawManifest,
  ReferrerLister,
  ReferrerOptions,
  Repository,
} from '#core/repository.ts';
import { onDisk } from './disk-errors.ts';
import { writeInPlace } from './durable-file.ts';
import { readFileChunks } from './file-read.ts';
import {
  decodeLayoutIndex,
  encodeLayoutIndex,
  INDEX_FILE,
  INDEX_SIZE_BYTES_MAX,
  LAYOUT_BYTES,
  LAYOUT_FILE,
  REF_NAME,
  refNameOf,
} from './layout-index.ts';
import { blobUnknown } from './local-blobs.ts';
import { beginIngest } from './local-ingest.ts';
import { checkManifest, manifestUnknown } from './manifest-rules.ts';
import { folderFiles, readDocument } from './packed-files.ts';
import { currentOwner } from './process-owner.ts';
import { type ReferrersBySubject, referrersAmong, referrersTo } from './referrers.ts';
import { verified, verifyBytes } from './verified-read.ts';

export class OciLayout implements Repository, ReferrerLister {
  readonly blobs: BlobStore;
  readonly #folder: string;
  #entries: readonly Descriptor[];
  /** What its manifests point at, as of these entries. */
  #known:
    | { readonly entries: readonly Descriptor[]; readonly referrers: Promise<ReferrersBySubject> }
    | undefined;

  private constructor(folder: string, entries: readonly Descriptor[]) {
    this.#folder = folder;
    this.#entries = entries;
    this.blobs = new LayoutBlobs(folder);
  }

  /** Opens a layout; `create` makes an empty one where there is none. @throws FILE_MISSING, ARCHIVE_INVALID */
  static async open(
    folder: string,
    options: { readonly create?: boolean } = {},
  ): Promise<OciLayout> {
    const bytes = await readDocument(folderFiles(folder), INDEX_FILE, INDEX_SIZE_BYTES_MAX);
    if (bytes) return new OciLayout(folder, decodeLayoutIndex(bytes, folder));
    if (!options.create) {
      throw new SlipwayError('FILE_MISSING', `${folder} is not an OCI layout: no ${INDEX_FILE}`);
    }
    await onDisk(folder, () => mkdir(join(folder, 'blobs/sha256'), { recursive: true }));
    await writeDocument(folder, LAYOUT_FILE, LAYOUT_BYTES);
    await createDocument(folder, INDEX_FILE, encodeLayoutIndex([]));
    return await OciLayout.open(folder);
  }

  /** The entries of index.json with their annotations. */
  get entries(): readonly Descriptor[] {
    return this.#entries;
  }

  async resolve(tagOrDigest: string, options: CallOptions = {}): Promise<Descriptor> {
    if (isDigest(tagOrDigest)) return descriptorOf(await this.getManifest(tagOrDigest, options));
    return this.#tagged(tagOrDigest);
  }

  async getManifest(tagOrDigest: string, options: CallOptions = {}): Promise<RawManifest> {
    const digest = isDigest(tagOrDigest) ? tagOrDigest : this.#tagged(tagOrDigest).digest;
    return await readPackedManifest(folderBlob(this.#folder, digest), digest, options);
  }

  async putManifest(
    raw: RawManifest,
    options: CallOptions & { readonly tag?: string } = {},
  ): Promise<Descriptor> {
    const presence = {
      blob: (digest: Digest) => this.blobs.stat(digest, options),
      manifest: async (digest: Digest) => (await this.blobs.stat(digest, options)) !== undefined,
    };
    const manifest = await checkManifest(raw, presence, options);
    await using ingest = await this.blobs.ingest({ digest: raw.digest }, options);
    await ingest.write(raw.bytes);
    await ingest.commit({ digest: raw.digest, size: raw.bytes.byteLength });
    const inside = new Set(
      manifest.kind === 'index' ? childrenOf(manifest).map((c) => c.digest) : [],
    );
    await this.#reload();
    await this.#save(this.#entriesWith(raw, inside, options.tag));
    return descriptorOf(raw);
  }

  async *tags(): AsyncIterable<string> {
    yield* [...new Set(this.#entries.flatMap((entry) => refNameOf(entry) ?? []))].sort();
  }

  async referrers(subject: Digest, options: ReferrerOptions = {}): Promise<readonly Descriptor[]> {
    const entries = this.#entries;
    if (this.#known?.entries !== entries) {
      const digests = entries.map(({ digest }) => digest);
      this.#known = { entries, referrers: referrersAmong(this, digests) };
    }
    return referrersTo(subject, await this.#known.referrers, options);
  }

  /** The manifest keeps an entry without a name when this was its last. */
  async deleteTag(tag: string): Promise<boolean> {
    const gone = this.#entries.find((entry) => refNameOf(entry) === tag);
    if (!gone) return false;
    const left = this.#entries.filter((entry) => refNameOf(entry) !== tag);
    const isListed = left.some((entry) => entry.digest === gone.digest);
    const { annotations: _, ...unnamed } = gone;
    await this.#save(isListed ? left : [...left, unnamed]);
    return true;
  }

  /** Adds to what the manifest's entries say; their names stay. */
  async annotate(digest: Digest, annotations: Readonly<Record<string, string>>): Promise<void> {
    await this.#reload();
    await this.#save(
      this.#entries.map((entry) => {
        if (entry.digest !== digest) return entry;
        const name = refNameOf(entry);
        const kept = name === undefined ? {} : { [REF_NAME]: name };
        return { ...entry, annotations: { ...entry.annotations, ...annotations, ...kept } };
      }),
    );
  }

  /** Entries of other names, and of none, go; what they referred to stays. */
  async keepOnly(tag: string): Promise<void> {
    await this.#reload();
    await this.#save(this.#entries.filter((entry) => refNameOf(entry) === tag));
  }

  /** Removes the manifest's bytes too; what it referred to stays. */
  async deleteManifest(digest: Digest): Promise<boolean> {
    const left = this.#entries.filter((entry) => entry.digest !== digest);
    if (left.length < this.#entries.length) await this.#save(left);
    const blob = folderBlob(this.#folder, digest);
    if ((await this.blobs.stat(digest)) === undefined) return false;
    await onDisk(blob, () => rm(blob, { force: true }));
    return true;
  }

  #entriesWith(
    raw: RawManifest,
    inside: ReadonlySet<Digest>,
    tag: string | undefined,
  ): readonly Descriptor[] {
    const kept = this.#entries.filter((entry) => {
      const name = refNameOf(entry);
      if (name !== undefined) return name !== tag;
      return entry.digest !== raw.digest && !inside.has(entry.digest);
    });
    if (tag === undefined && kept.some((entry) => entry.digest === raw.digest)) return kept;
    const descriptor = descriptorOf(raw);
    const entry =
      tag === undefined ? descriptor : { ...descriptor, annotations: { [REF_NAME]: tag } };
    return [...kept, entry];
  }

  #tagged(tag: string): Descriptor {
    const found = this.#entries.find((entry) => refNameOf(entry) === tag);
    if (!found) throw manifestUnknown(tag);
    const { mediaType, digest, size } = found;
    return { mediaType, digest, size };
  }

  /** Somebody else may have written since: their entries are not ours to lose. */
  async #reload(): Promise<void> {
    this.#entries = (await OciLayout.open(this.#folder)).entries;
  }

  async #save(entries: readonly Descriptor[]): Promise<void> {
    await writeDocument(this.#folder, INDEX_FILE, encodeLayoutIndex(entries));
    this.#entries = entries;
  }
}

/** Reads a blob's file as a manifest. @throws MANIFEST_UNKNOWN when it is absent or no manifest */
async function readPackedManifest(
  path: string,
  digest: Digest,
  options: CallOptions,
): Promise<RawManifest> {
  try {
    if ((await stat(path)).size > MANIFEST_SIZE_BYTES_MAX) throw manifestUnknown(digest);
    const chunks: Uint8Array[] = [];
    for await (const chunk of readFileChunks(path, options)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    verifyBytes(bytes, { digest, from: path });
    return { ...rawManifest(bytes), digest };
  } catch (error) {
    const isOther = isSlipwayError(error, 'MANIFEST_INVALID', 'JSON_INVALID');
    if (isOther || errnoOf(error) === 'ENOENT') throw manifestUnknown(digest);
    throw error;
  }
}

function folderBlob(folder: string, digest: Digest): string {
  return join(folder, 'blobs', algorithmOf(digest), encodedOf(digest));
}

/** A file being written, hidden, and called after its writer: `.what.<owner>.<random>`. */
function layoutTemporary(folder: string, what: string): string {
  return join(folder, `.${what}.${currentOwner()}.${randomUUID()}`);
}

async function writeDocument(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await writeInPlace(layoutTemporary(folder, name), join(folder, name), bytes);
}

/** The same unless it is there, whoever else may be making it. */
async function createDocument(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = layoutTemporary(folder, name);
  const path = join(folder, name);
  try {
    await onDisk(path, async () => {
      await writeFile(temporary, bytes, { flag: 'wx' });
      await link(temporary, path);
    });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

class LayoutBlobs implements BlobStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    try {
      const path = folderBlob(this.#folder, digest);
      return { digest, size: (await onDisk(path, () => stat(path))).size };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async *read(
    digest: Digest,
    options: CallOptions & { readonly range?: BlobRange } = {},
  ): AsyncIterable<Uint8Array> {
    const path = folderBlob(this.#folder, digest);
    try {
      const chunks = readFileChunks(path, options);
      yield* options.range ? chunks : verified(chunks, { digest, from: path });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw blobUnknown(digest);
      throw error;
    }
  }

  async ingest(expected: Partial<BlobInfo> = {}, options: CallOptions = {}): Promise<Ingest> {
    return await beginIngest({
      temporary: layoutTemporary(join(this.#folder, 'blobs'), 'blob'),
      algorithm: expected.digest ? algorithmOf(expected.digest) : 'sha256',
      path: (digest) => folderBlob(this.#folder, digest),
      hold: () => {},
      ...(options.signal ? { signal: options.signal } : {}),
    });
  }

  async delete(digest: Digest): Promise<boolean> {
    if ((await this.stat(digest)) === undefined) return false;
    await rm(folderBlob(this.#folder, digest), { force: true });
    return true;
  }
}
