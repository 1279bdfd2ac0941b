/** Turns what a container left in its upper folder into a layer of the store. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { indexTarStream } from '#layer/index-tar.ts';
import type { WrittenLayer } from '../layer-step.ts';
import type { BuildSession } from '../session.ts';

/** Packs the upper folder deterministically; the tar is moved, never copied, into the store. */
export async function commitUpper(
  session: BuildSession,
  options: { readonly upper: string; readonly scratch: string },
): Promise<WrittenLayer> {
  const { store, lease, helper, sourceDateEpoch } = session;
  const tar = join(options.scratch, 'layer.tar');
  const packed = await helper.pack({
    folder: options.upper,
    overlay: true,
    output: tar,
    ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
  });
  await store.blobs(lease).adopt(tar, packed);
  const { index } = await indexTarStream(
    createReadStream(store.blobs(lease).path(packed.digest), { highWaterMark: 1 << 20 }),
  );
  await store.layers.addIndex(packed.digest, index);
  return { diffId: packed.digest, size: packed.size };
}
