/** `slipway load`: one archive or several, whole or in volumes, from files or a stream. */
import { hostname } from 'node:os';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import type { LoadedImage } from '#core/local-image.ts';
import { hostPlatform } from '#core/platform.ts';
import { formatReference } from '#core/reference.ts';
import type { ArchiveSource, LoadOptions } from '#engine.ts';
import { archiveInputs, type GivenArchive } from '#image/archive-inputs.ts';
import type { ArchiveInput } from '#image/archive-open.ts';
import { readVerifyKey } from '#image/bundle-signature.ts';
import { storeInventory } from '#image/inventory.ts';
import { type ArrivedImage, loadImages } from '#image/load.ts';
import { loadVolumes, wholeSegments } from '#image/load-volumes.ts';
import { needPlace, writeOutput } from '#image/output-file.ts';
import { incomingLists } from '#store/incoming.ts';
import type { LocalStore } from '#store/local-store.ts';
import { encodeReceipt } from '#store/receipt-document.ts';
import type { Resources } from './resources.ts';

/** Into the local store, archive by archive; the receipt tells what arrived, also before a failure. */
export async function load(
  resources: Resources,
  source: ArchiveSource,
  { platform: only, receipt, verify, onLoaded, ...options }: LoadOptions,
): Promise<readonly LoadedImage[]> {
  // A load of an hour shall not end with a folder that is missing.
  if (receipt !== undefined) await needPlace(receipt);
  const key = verify === undefined ? {} : { verify: await readVerifyKey(verify) };
  const store = await resources.store();
  const arrived: ArrivedImage[] = [];
  const loading = {
    ...options,
    ...(only ? { only } : {}),
    ...key,
    store,
    platform: hostPlatform(process.arch),
    limit: resources.transfers,
    onLoaded(image: ArrivedImage) {
      arrived.push(image);
      onLoaded?.(image);
    },
  };
  try {
    await loadAll(await givenArchives(source, store), loading);
  } catch (error) {
    // One that failed before anything arrived must not replace an earlier receipt.
    const isOfUse = arrived.length > 0 || isSlipwayError(error, 'ARCHIVE_INCOMPLETE');
    if (receipt === undefined || !isOfUse) throw error;
    try {
      await writeReceipt(receipt, arrived, store);
    } catch (cause) {
      // What the load itself failed of is the news.
      if (!isSlipwayError(cause)) throw cause;
      const text = `the receipt was not written: ${cause.message}`;
      (options.events ?? ignoreEvents)({ kind: 'note', level: 'warning', text });
    }
    throw error;
  }
  if (receipt !== undefined) await writeReceipt(receipt, arrived, store);
  return arrived;
}

/** One that is incomplete keeps none of the others from being loaded. @throws ARCHIVE_INCOMPLETE */
async function loadAll(
  archives: readonly Given[],
  loading: Omit<Parameters<typeof loadImages>[0], 'input'>,
): Promise<void> {
  const incomplete: SlipwayError[] = [];
  for (const given of archives) {
    try {
      if (given.kind === 'volumes') await loadVolumes(given, loading);
      else await loadImages({ ...loading, input: given.input });
    } catch (error) {
      if (!isSlipwayError(error, 'ARCHIVE_INCOMPLETE')) throw error;
      incomplete.push(error);
    }
  }
  const [first, ...more] = incomplete;
  if (!first) return;
  if (more.length === 0) throw first;
  throw new SlipwayError('ARCHIVE_INCOMPLETE', incomplete.map((one) => one.message).join('\n'), {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    detail: { archives: incomplete.map((one) => one.detail) },
  });
}

async function writeReceipt(
  path: string,
  arrived: readonly ArrivedImage[],
  store: LocalStore,
): Promise<void> {
  const bytes = encodeReceipt({
    loadedAt: new Date().toISOString(),
    host: hostname(),
    images: arrived.map(({ names, digest, imageId, blobs }) => ({
      names: names.map(formatReference),
      digest,
      imageId,
      blobs,
    })),
    inventory: storeInventory(store),
  });
  await writeOutput(path, { write: (sink) => sink(bytes) });
}

/** Whole archives only, for who cannot wait for the rest. @throws VOLUME_MISSING */
export async function wholeArchives(
  source: ArchiveSource,
  store: LocalStore,
): Promise<readonly ArchiveInput[]> {
  const inputs: ArchiveInput[] = [];
  for (const given of await givenArchives(source, store)) {
    inputs.push(given.kind === 'volumes' ? await wholeSegments(given, store) : given.input);
  }
  return inputs;
}

type Given =
  | Exclude<GivenArchive, { readonly kind: 'archive' }>
  | { readonly kind: 'archive'; readonly input: ArchiveInput };

async function givenArchives(source: ArchiveSource, store: LocalStore): Promise<readonly Given[]> {
  if (typeof source !== 'string' && !isList(source)) return [{ kind: 'archive', input: source }];
  const paths = typeof source === 'string' ? [source] : source;
  return await archiveInputs(paths, await incomingLists(store.paths));
}

function isList(source: ArchiveSource): source is readonly string[] {
  return Array.isArray(source);
}
