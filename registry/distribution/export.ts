/**
 * Writes what the registry holds as the storage folder of docker's registry, which starts on it: the way
 * out. Blobs are copied (shared where the file system can) and hashed; a blob that is there stays.
 */
import { constants, copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Digest } from '#core/digest.ts';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest } from '#core/manifest.ts';
import type { RegistryTransfer, TransferOptions } from '#core/registry-keeping.ts';
import { onDisk } from '#store/disk-errors.ts';
import { readFileChunks } from '#store/file-read.ts';
import { fileSize } from '#store/file-size.ts';
import type { LocalStore } from '#store/local-store.ts';
import { isForeign } from '#store/manifest-rules.ts';
import { verified } from '#store/verified-read.ts';
import { DistributionLayout } from './layout.ts';
import { TransferTally } from './tally.ts';

const PAGE = 1000;

/** @throws FILE_UNUSABLE, DISK_FULL */
export async function exportDistribution(
  folder: string,
  store: LocalStore,
  options: TransferOptions,
): Promise<RegistryTransfer> {
  const layout = new DistributionLayout(folder);
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const tally = new TransferTally(options);
  for (const name of store.catalog('registry')) {
    await exportRepository(name, { layout, store, tally });
    tally.counts.repositories += 1;
  }
  return tally.counts;
}

interface Export {
  readonly layout: DistributionLayout;
  readonly store: LocalStore;
  readonly tally: TransferTally;
}

/** Blobs, then manifests, then tags: cut short, it leaves nothing that points nowhere. */
async function exportRepository(name: string, { layout, store, tally }: Export): Promise<void> {
  await using lease = await store.lease({ purpose: `export ${name}` });
  const repository = store.repository({ space: 'registry', name, lease });
  const written = new Set<Digest>();
  for (const digest of store.served.manifests(name)) {
    tally.options.signal?.throwIfAborted();
    try {
      const manifest = decodeManifest(await repository.getManifest(digest));
      if (manifest.kind === 'image') {
        for (const child of childrenOf(manifest)) {
          if (isForeign(child)) continue;
          await exportBlob(child.digest, { layout, store, tally });
          await writeLink(layout.layerLink(name, child.digest), child.digest);
        }
      }
      await exportBlob(digest, { layout, store, tally });
      await writeLink(layout.revisionLink(name, digest), digest);
      written.add(digest);
      tally.counts.manifests += 1;
    } catch (error) {
      if (!(error instanceof SlipwayError) || !isSlipwayError(error, ...LEFT_OUT)) throw error;
      tally.problem(`${name}: manifest ${digest} is left out: ${error.message}`);
    }
  }
  for (let last: string | undefined; ; ) {
    const page = store.served.tags(name, { last, limit: PAGE });
    for (const { tag, digest } of page.filter((held) => written.has(held.digest))) {
      for (const path of layout.tagLinks(name, tag, digest)) await writeLink(path, digest);
      tally.counts.tags += 1;
    }
    if (page.length < PAGE) return;
    last = page.at(-1)?.tag;
  }
}

const LEFT_OUT = ['BLOB_UNKNOWN', 'DIGEST_MISMATCH', 'STORE_BROKEN', 'MANIFEST_UNKNOWN'] as const;

async function exportBlob(digest: Digest, { layout, store, tally }: Export): Promise<void> {
  const [from, to] = [store.paths.blob(digest), layout.blob(digest)];
  const size = fileSize(to);
  if (size !== undefined && size === fileSize(from)) return;
  const temporary = `${to}.part`;
  await onDisk(to, () => mkdir(dirname(to), { recursive: true }));
  try {
    await onDisk(to, () => copyFile(from, temporary, constants.COPYFILE_FICLONE));
    for await (const _ of verified(readFileChunks(temporary), { digest, from })) {
      tally.options.signal?.throwIfAborted();
    }
    await rename(temporary, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new SlipwayError('BLOB_UNKNOWN', `blob ${digest} is lost`, { cause: error });
  } finally {
    await rm(temporary, { force: true });
  }
  tally.counts.blobs += 1;
  tally.counts.bytes += (await stat(to)).size;
}

async function writeLink(path: string, digest: Digest): Promise<void> {
  await onDisk(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, digest);
  });
}
