/** `slipway registry serve` over the engine's store. */
import type { RegistryHandle, ServeOptions } from '#engine.ts';
import { serveRegistry } from '#registry/server.ts';
import { storeProvider } from '#registry/store-provider.ts';
import type { Resources } from './resources.ts';

/** Disposing lets requests in progress finish. @throws ADDRESS_IN_USE, ADDRESS_INVALID */
export async function serve(
  resources: Resources,
  { address, log }: ServeOptions,
): Promise<RegistryHandle> {
  const provider = await storeProvider(await resources.store());
  const stack = new AsyncDisposableStack();
  stack.use(provider);
  try {
    const server = stack.use(await serveRegistry({ provider, address, ...(log ? { log } : {}) }));
    const { address: bound } = server;
    return { address: bound, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
