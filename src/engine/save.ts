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

export async function save(
  resources: Resources,
  images: readonly string[],
  options: SaveOptions & { readonly output: string | NodeJS.WritableStream },
): Promise<ArchivePlanSummary> {
  const { have = [], platform: only, sign, ...rest } = options;
  const key = sign === undefined ? {} : { sign: await readSigningKey(sign) };
  await using sources = await openHaveSources(resources, have, options);
  return await saveImages({
    ...(await shared(resources, images, only)),
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
  return await trySave({ ...(await shared(resources, images, only)), ...rest, have: sources.have });
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
