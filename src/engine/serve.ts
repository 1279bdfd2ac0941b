/** `slipway registry serve` over the engine's store. */
import type { RegistryHandle, ServeOptions } from '#engine.ts';
import { serveRegistry } from '#registry/server.ts';
import { storeProvider } from '#registry/store-provider.ts';
import type { Resources } from './resources.ts';

/** Disposing lets requests in progress finish. @throws ADDRESS_IN_USE, ADDRESS_INVALID, STORE_BROKEN, PERMISSION */
export async function serve(
  resources: Resources,
  { address, allowPublic = false, allowSparse = false, log }: ServeOptions,
): Promise<RegistryHandle> {
  const store = await resources.store();
  // A store that cannot be used is told at the start, not to every client.
  store.needWritable();
  const provider = await storeProvider(store, { allowSparse });
  const stack = new AsyncDisposableStack();
  stack.use(provider);
  try {
    const options = { provider, address, allowPublic, ...(log ? { log } : {}) };
    const server = stack.use(await serveRegistry(options));
    const { address: bound } = server;
    return { address: bound, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
