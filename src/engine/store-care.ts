/** Looking after the local store: df, gc, why and check over the engine's resources. */
import type { Platform } from '#core/platform.ts';
import type { DiskUsage, GarbageReport } from '#core/store-report.ts';
import { selectAnyManifest } from '#image/select.ts';
import type { GcOptions } from '#store/gc.ts';
import type { LocalStore } from '#store/local-store.ts';

export interface StoreCare {
  readonly store: LocalStore;
  /** Which image of an index stands for it. */
  readonly platform: Platform;
}

export async function diskUsage({ store, platform }: StoreCare): Promise<DiskUsage> {
  return await store.usage({
    choose: (index) =>
      index.manifests.length === 0 ? undefined : selectAnyManifest(index, platform),
  });
}

export async function collectGarbage(
  { store }: Pick<StoreCare, 'store'>,
  options: GcOptions,
): Promise<GarbageReport> {
  const { removed, freedBytes, freed } = await store.gc(options);
  return { blobs: removed, freedBytes, freed };
}
