/** Looking after the store behind the registry: what provider.ts promises, by the store's own means. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalStore } from '#store/local-store.ts';
import type { RegistryCare, ScrubPass } from './provider.ts';

/** gc rests twice as long as it works: requests have two thirds of the time at worst. */
const GC_REST = 2;
/** How often the scrub's position is written down. */
const NOTE_SCRUB_MS = 10_000;

export function storeCare(store: LocalStore): RegistryCare {
  const { served } = store;
  return {
    collect: async (options) => {
      const { freed, freedBytes } = await store.gc({ ...options, rest: GC_REST });
      return {
        blobs: freed.blob?.count ?? 0,
        uploads: freed.upload?.count ?? 0,
        bytes: freedBytes,
      };
    },
    usage: async (repository) => served.usage(repository),
    usageNow: async (repository) => {
      served.dropReleased(repository);
      return served.usage(repository);
    },
    tags: async (repository, page) => served.tags(repository, page),
    loose: async (repository, page) => served.loose(repository, page),
    tagsOf: async (repository, digest) => served.tagsOf(repository, digest),
    removeTag: async (repository, tag) => served.removeTag(repository, tag),
    removeLoose: async (repository, manifest) => served.removeLoose(repository, manifest),
    notePulls: async (pulls) => served.notePulls(pulls),
    scrub: (pass) => scrub(store, pass),
  };
}

async function scrub(store: LocalStore, pass: ScrubPass): Promise<void> {
  const { signal, intervalMs, bytesPerSecond, onDamage } = pass;
  let { after, beganAtMs } = await store.scrubPosition();
  if (after === undefined) {
    if (Date.now() - beganAtMs < intervalMs) return;
    [after, beganAtMs] = ['', Date.now()];
  }
  let notedAtMs = Date.now();
  const pace = pacer(bytesPerSecond, signal);
  for await (const { digest, damage } of store.scrub({ after, signal, pace, repair: true })) {
    if (damage) onDamage(damage);
    if (Date.now() - notedAtMs < NOTE_SCRUB_MS) continue;
    notedAtMs = Date.now();
    await store.noteScrub({ after: digest, beganAtMs });
  }
  await store.noteScrub({ after: undefined, beganAtMs });
}

/** Waits after each piece until so many bytes were allowed to have come. */
function pacer(bytesPerSecond: number, signal: AbortSignal): (bytes: number) => Promise<void> {
  let dueMs = performance.now();
  return async (bytes) => {
    dueMs = Math.max(dueMs, performance.now()) + (bytes / bytesPerSecond) * 1000;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, { signal, ref: false });
  };
}
