/** `slipway inventory`: which blobs the local store has (store/inventory.ts has the form). */
import { statSync } from 'node:fs';
import { digestFiles } from '#store/disk-files.ts';
import { type Inventory, inventoryOf } from '#store/inventory.ts';
import type { LocalStore } from '#store/local-store.ts';

/**
 * Blobs that nothing needs count too: a load finds them. What goes until then, the load will name.
 */
export function storeInventory({ paths }: LocalStore): Inventory {
  const blobs = digestFiles(paths, ['blob']).flatMap(({ digest, path }) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats ? [{ digest, size: stats.size }] : [];
  });
  return inventoryOf(blobs);
}
