/**
 * Takes over what docker's registry has stored: files by hard link or as a copy, each hashed on the
 * way; manifests as if they had been pushed, images before indexes, tags in the order of their pushes.
 * Run again after it was cut short, it goes on.
 */
import { constants, copyFile, link, rm, stat } from 'node:fs/promises';
import { type Digest, parseDigest } from '#core/digest.ts';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest, rawManifest } from '#core/manifest.ts';
import type { RegistryTransfer, TransferOptions } from '#core/registry-keeping.ts';
import type { RawManifest } from '#core/repository.ts';
import { readFileChunks } from '#store/file-read.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { isForeign } from '#store/manifest-rules.ts';
import { verified } from '#store/verified-read.ts';
import { DistributionLayout } from './layout.ts';
import { TransferTally } from './tally.ts';

/** @throws FILE_MISSING, FILE_UNUSABLE, DISK_FULL */
export async function importDistribution(
  folder: string,
  store: LocalStore,
  options: TransferOptions,
): Promise<RegistryTransfer> {
  const layout = DistributionLayout.open(folder);
  const tally = new TransferTally(options);
  for (const name of layout.repositories()) {
    await using lease = await store.lease({ purpose: `import ${name}` });
    await new RepositoryImport({ layout, store, lease, name, tally }).run();
    tally.counts.repositories += 1;
  }
  return tally.counts;
}

class RepositoryImport {
  readonly #layout: DistributionLayout;
  readonly #store: LocalStore;
  readonly #lease: Lease;
  readonly #name: string;
  readonly #tally: TransferTally;
  readonly #into: LocalRepository;

  constructor(options: {
    readonly layout: DistributionLayout;
    readonly store: LocalStore;
    readonly lease: Lease;
    readonly name: string;
    readonly tally: TransferTally;
  }) {
    this.#layout = options.layout;
    this.#store = options.store;
    this.#lease = options.lease;
    this.#name = options.name;
    this.#tally = options.tally;
    const { name, lease } = options;
    this.#into = this.#store.repository({ space: 'registry', name, lease });
  }

  async run(): Promise<void> {
    const manifests = new Map<Digest, RawManifest>();
    for (const digest of this.#layout.manifests(this.#name)) {
      await this.#try(`manifest ${digest}`, async () => {
        manifests.set(digest, await this.#manifest(digest));
      });
    }
    const [tried, done] = [new Set<Digest>(), new Set<Digest>()];
    for (const raw of manifests.values()) await this.#put(raw, { manifests, tried, done });
    for (const { tag, digest } of this.#layout.tags(this.#name)) {
      const raw = manifests.get(digest);
      if (!raw || !done.has(digest)) {
        this.#tally.problem(`${this.#name}:${tag} is left out: its manifest ${digest} is`);
        continue;
      }
      await this.#into.putManifest(raw, { tag });
      this.#tally.counts.tags += 1;
    }
  }

  async #manifest(digest: Digest): Promise<RawManifest> {
    const chunks: Uint8Array[] = [];
    const path = this.#layout.blob(digest);
    for await (const chunk of verified(readFileChunks(path), { digest, from: path })) {
      chunks.push(Uint8Array.from(chunk));
    }
    return { ...rawManifest(Buffer.concat(chunks)), digest };
  }

  /** What it refers to first; each once. */
  async #put(
    raw: RawManifest,
    all: {
      readonly manifests: ReadonlyMap<Digest, RawManifest>;
      readonly tried: Set<Digest>;
      readonly done: Set<Digest>;
    },
  ): Promise<void> {
    if (all.tried.has(raw.digest)) return;
    all.tried.add(raw.digest);
    this.#tally.options.signal?.throwIfAborted();
    await this.#try(`manifest ${raw.digest}`, async () => {
      const manifest = decodeManifest(raw);
      for (const child of childrenOf(manifest)) {
        if (manifest.kind === 'image') {
          if (!isForeign(child)) await this.#blob(parseDigest(child.digest));
          continue;
        }
        const image = all.manifests.get(child.digest);
        if (image) await this.#put(image, all);
      }
      await this.#into.putManifest(raw);
      all.done.add(raw.digest);
      this.#tally.counts.manifests += 1;
    });
  }

  async #blob(digest: Digest): Promise<void> {
    if (await this.#into.blobs.stat(digest)) return;
    if (!(await this.#into.blobs.mount(digest))) {
      const bytes = await this.#take(digest);
      this.#tally.counts.blobs += 1;
      this.#tally.counts.bytes += bytes;
      await this.#into.blobs.mount(digest);
    }
  }

  /** Of the file that lies in the store then, not of the one it comes from: that is what counts. */
  async #take(digest: Digest): Promise<number> {
    const temporary = this.#store.paths.temporary('ingest');
    try {
      await placeFile(this.#layout.blob(digest), temporary);
      const source = verified(readFileChunks(temporary), {
        digest,
        from: this.#layout.blob(digest),
      });
      for await (const _ of source) this.#tally.options.signal?.throwIfAborted();
      const { size } = await stat(temporary);
      await this.#store.blobs(this.#lease).adopt(temporary, { digest, size });
      return size;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** What cannot be taken over is told, and the rest goes on. */
  async #try(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isMissing = errnoOf(error) === 'ENOENT';
      if (!isMissing && !isSlipwayError(error, ...LEFT_OUT)) throw error;
      const why = isMissing ? 'a blob of it is missing there' : messageOf(error);
      this.#tally.problem(`${this.#name}: ${what} is left out: ${why}`);
    }
  }
}

const LEFT_OUT = [
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'MANIFEST_INVALID',
  'JSON_INVALID',
] as const;

/** A name of the same file where both are on one file system; else a copy, shared where it can be. */
async function placeFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Not another name for a file of somebody else's, where the kernel guards those.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

function messageOf(error: unknown): string {
  return error instanceof SlipwayError ? error.message : String(error);
}
