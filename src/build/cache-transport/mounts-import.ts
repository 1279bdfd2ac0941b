/**
 * Cache mounts from elsewhere: the folder of a mount that this machine has not is filled from a cache
 * that offers it, when a step needs it. One that is here stays as it is: tools keep indexes beside their
 * files, and two caches mixed are none.
 */
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSlipwayError } from '#core/errors.ts';
import type { BuildSession } from '../session.ts';

/** False: nobody offers it, or it cannot be had, and the folder is as it was. */
export async function fillMount(
  session: BuildSession,
  id: string,
  folder: string,
): Promise<boolean> {
  const offer = session.imported.mount(id);
  if (!offer) return false;
  try {
    await session.vertices.run(`importing cache mount ${id}`, async () => {
      session.leftovers.add(offer.diffId);
      const { tar } = await session.imported.fetch(offer);
      await session.helper.unpack({ tar, folder, userXattr: false, signal: session.signal });
    });
    return true;
  } catch (error) {
    if (!isSlipwayError(error) || error.kind === 'cancelled' || error.kind === 'exhausted')
      throw error;
    session.vertices.note('warning', `cache mount ${id} begins empty: ${error.message}`);
    await emptied(folder);
    return false;
  }
}

async function emptied(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const name of await readdir(folder)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
