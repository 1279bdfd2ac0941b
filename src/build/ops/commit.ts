/** Turns what a container left in its upper folder into a layer of the store. */
import { join } from 'node:path';
import type { WrittenLayer } from '../layer-step.ts';
import type { BuildSession } from '../session.ts';

/** Packs the upper folder deterministically; tar and index are moved, never copied, into the store. */
export async function commitUpper(
  session: BuildSession,
  options: { readonly upper: string; readonly scratch: string },
): Promise<WrittenLayer> {
  const { store, lease, helper, runtime, sourceDateEpoch } = session;
  const files = {
    tar: join(options.scratch, 'layer.tar'),
    index: join(options.scratch, 'layer.index'),
  };
  const packed = await helper.pack(
    {
      folder: options.upper,
      overlay: true,
      output: files.tar,
      index: files.index,
      ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
    },
    async (args) => await runtime.pack?.(args),
  );
  await store.layers.adopt(packed, files, lease);
  return { diffId: packed.digest, size: packed.size };
}
