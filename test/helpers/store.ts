/** A store in a folder of its own, gone when disposed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore } from '#store/local-store.ts';

export interface StoreUnderTest extends AsyncDisposable {
  readonly store: LocalStore;
  readonly root: string;
}

export async function temporaryStore(): Promise<StoreUnderTest> {
  const root = await mkdtemp(join(tmpdir(), 'slipway-store-'));
  const store = await LocalStore.open({ root });
  return {
    store,
    root,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      // A server whose connection was cut may be putting away what it had for a moment longer.
      await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}
