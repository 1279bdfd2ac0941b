/** `slipway registry gc`, `retention`, `check`, `stats`, `import` and `export` over the engine's store. */
import type {
  KeepingOptions,
  RegistryCheck,
  RegistryKeeping,
  RetainedNot,
} from '#core/registry-keeping.ts';
import { exportDistribution } from '#registry/distribution/export.ts';
import { importDistribution } from '#registry/distribution/import.ts';
import { applyRetention } from '#registry/operations/retention.ts';
import { tagJudge } from '#registry/operations/tag-rules.ts';
import { storeCare } from '#registry/store-care.ts';
import type { LocalStore } from '#store/local-store.ts';
import { collectGarbage } from './store-care.ts';

export function registryKeeping(store: LocalStore): RegistryKeeping {
  return {
    gc: ({ config: { gc }, dryRun, ...options }) =>
      collectGarbage({ store }, { ...gc, dryRun, rest: BESIDE_A_SERVER, ...options }),
    retention: (options) => retention(store, options),
    check: (options) => check(store, options),
    stats: async (top) => store.registryStats(top),
    importFrom: (folder, options) => importDistribution(folder, store, options),
    exportTo: (folder, options) => exportDistribution(folder, store, options),
  };
}

/** A server that runs waits for the database as long as a slice takes: it should seldom meet one. */
const BESIDE_A_SERVER = 2;

async function* retention(
  store: LocalStore,
  { config, dryRun, signal }: KeepingOptions,
): AsyncGenerator<RetainedNot> {
  yield* applyRetention(
    {
      care: storeCare(store),
      catalog: async ({ last = '', limit }) => store.catalog('registry', { after: last, limit }),
    },
    {
      rules: config.retention.rules,
      judge: tagJudge(config.tags),
      nowMs: Date.now(),
      dryRun,
      ...(signal ? { signal } : {}),
    },
  );
}

async function check(
  store: LocalStore,
  options: { readonly repair: boolean; readonly signal?: AbortSignal },
): Promise<RegistryCheck> {
  let [blobs, bytes] = [0, 0];
  const damaged: RegistryCheck['damaged'][number][] = [];
  for await (const found of store.scrub(options)) {
    blobs += 1;
    bytes += found.bytes;
    if (found.damage) damaged.push(found.damage);
  }
  return { blobs, bytes, damaged };
}
