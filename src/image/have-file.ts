/**
 * `save --have FILE`: an inventory or receipt that the receiver wrote, or an archive or folder that
 * it was sent before, or the list of its volumes. What such an archive lists the receiver has, also what it left out then.
 */
import { open, stat } from 'node:fs/promises';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { onDisk } from '#store/disk-errors.ts';
import { decodeInventory, INVENTORY_TYPE, type Inventory, inventoryHas } from '#store/inventory.ts';
import { decodeReceipt, RECEIPT_TYPE } from '#store/receipt-document.ts';
import { decodeVolumes, VOLUMES_TYPE } from '#store/volumes-document.ts';
import { walkImage } from '#store/walk.ts';
import { openArchive } from './archive-open.ts';
import type { Have } from './have.ts';
import { needFile } from './input-file.ts';

/** An inventory of a million blobs has 11 MB. */
const DOCUMENT_SIZE_BYTES_MAX = 64 * 1024 * 1024;

export interface HaveFileOptions {
  /** Gives a fresh path for the plain copy of a compressed archive. */
  readonly temporary: () => string;
  readonly signal?: AbortSignal;
}

/** @throws FILE_MISSING, FILE_UNUSABLE, ARCHIVE_INVALID */
export async function haveFile(path: string, options: HaveFileOptions): Promise<Have> {
  await needFile(path);
  const document = await readJsonFile(path);
  if (document) return haveDocument(document, path);
  return haveDigests(await digestsIn(path, options));
}

function haveDocument(bytes: Uint8Array, path: string): Have {
  switch (mediaTypeOf(bytes)) {
    case INVENTORY_TYPE:
      return haveInventory(decodeInventory(bytes, path));
    case RECEIPT_TYPE: {
      const { images, inventory } = decodeReceipt(bytes, path);
      const received = haveDigests(new Set(images.flatMap(({ blobs }) => blobs)));
      return inventory ? haveAny(received, haveInventory(inventory)) : received;
    }
    case VOLUMES_TYPE: {
      const { images } = decodeVolumes(bytes, path).bundle;
      return haveDigests(new Set(images.flatMap(({ blobs }) => blobs)));
    }
    default:
      throw new SlipwayError('FILE_UNUSABLE', `${path} is neither an inventory nor a receipt`, {
        hint: 'write one where the archive shall be loaded: slipway inventory -o have.json',
        detail: { path },
      });
  }
}

function haveInventory(inventory: Inventory): Have {
  return { has: async ({ digest }) => inventoryHas(inventory, digest) };
}

function haveDigests(digests: ReadonlySet<Digest>): Have {
  return { has: async ({ digest }) => digests.has(digest) };
}

function haveAny(...sources: readonly Have[]): Have {
  return {
    async has(blob, options) {
      for (const source of sources) if (await source.has(blob, options)) return true;
      return false;
    },
  };
}

function mediaTypeOf(bytes: Uint8Array): string | undefined {
  try {
    return new ObjectReader(parseJson(bytes, 'file'), 'file').optionalString('mediaType');
  } catch {
    return undefined;
  }
}

/** Undefined for what is no JSON object: then it should be an archive. */
async function readJsonFile(path: string): Promise<Uint8Array | undefined> {
  const stats = await onDisk(path, () => stat(path));
  if (!stats.isFile() || stats.size > DOCUMENT_SIZE_BYTES_MAX) return undefined;
  return await onDisk(path, async () => {
    await using file = await open(path, 'r');
    const head = Buffer.alloc(16);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (!head.toString('latin1', 0, bytesRead).trimStart().startsWith('{')) return undefined;
    const bytes = Buffer.alloc(stats.size);
    await file.read(bytes, 0, bytes.length, 0);
    return bytes;
  });
}

/** Everything that its images consist of. */
async function digestsIn(path: string, options: HaveFileOptions): Promise<ReadonlySet<Digest>> {
  await using archive = await openArchive(path, options);
  const { repository } = archive;
  const digests = new Set<Digest>();
  const signal = options.signal ? { signal: options.signal } : {};
  for (const { manifest } of repository.images) {
    const { blobs } = await walkImage(repository, { selector: manifest.digest, ...signal });
    for (const { digest } of blobs) digests.add(digest);
  }
  return digests;
}
