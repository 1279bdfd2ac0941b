/** `slipway save` and `slipway inventory` over the engine's resources. */
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import { hostPlatform } from '#core/platform.ts';
import type { CallContext, PlanSaveOptions, SaveOptions } from '#engine.ts';
import { readSigningKey } from '#image/bundle-signature.ts';
import { storeInventory } from '#image/inventory.ts';
import { writeOutput } from '#image/output-file.ts';
import { saveImages, trySave } from '#image/save.ts';
import { encodeInventory } from '#store/inventory.ts';
import { openHaveSources } from './have-sources.ts';
import type { Resources } from './resources.ts';
import { imagesForBuild } from './save-for-build.ts';

export async function save(
  resources: Resources,
  images: readonly string[],
  options: SaveOptions & { readonly output: string | NodeJS.WritableStream },
): Promise<ArchivePlanSummary> {
  const { have = [], platform: only, sign, keyPassword, ...rest } = options;
  const key = sign === undefined ? {} : { sign: await readSigningKey(sign, keyPassword) };
  await using sources = await openHaveSources(resources, have, options);
  await using wanted = await wantedImages(resources, images, options);
  return await saveImages({
    ...(await shared(resources, wanted.images, only)),
    ...rest,
    ...key,
    have: sources.have,
  });
}

/** Nothing is written. */
export async function planSave(
  resources: Resources,
  images: readonly string[],
  options: PlanSaveOptions,
): Promise<ArchivePlanSummary> {
  const { have = [], platform: only, ...rest } = options;
  await using sources = await openHaveSources(resources, have, options);
  await using wanted = await wantedImages(resources, images, options);
  return await trySave({
    ...(await shared(resources, wanted.images, only)),
    ...rest,
    have: sources.have,
  });
}

interface WantedImages extends AsyncDisposable {
  readonly images: readonly string[];
}

/** Those named and those of a build, which are held until disposed. */
async function wantedImages(
  resources: Resources,
  images: readonly string[],
  options: PlanSaveOptions,
): Promise<WantedImages> {
  const { forBuild } = options;
  if (!forBuild) return { images, [Symbol.asyncDispose]: async () => {} };
  const store = await resources.store();
  const lease = await store.lease({ purpose: `save for a build of ${forBuild.dockerfile}` });
  try {
    const needed = await imagesForBuild(resources, forBuild, { ...options, lease });
    return {
      images: [...images, ...needed],
      [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

/** A few kilobytes. */
export async function writeInventory(
  resources: Resources,
  output: string | NodeJS.WritableStream,
  options: CallContext,
): Promise<void> {
  const bytes = encodeInventory(storeInventory(await resources.store()));
  const signal = options.signal ? { signal: options.signal } : {};
  await writeOutput(output, { write: (sink) => sink(bytes), ...signal });
}

async function shared(
  resources: Resources,
  images: readonly string[],
  only: PlanSaveOptions['platform'],
) {
  return {
    store: await resources.store(),
    platform: hostPlatform(process.arch),
    images,
    ...(only ? { only } : {}),
  };
}
