/** A file or folder of ours for somebody in a container. */
import { chown } from 'node:fs/promises';
import { errnoOf } from '#core/errors.ts';
import { unmappedOwner } from './folder-errors.ts';

/** `shown`: what the user knows it as. @throws OWNER_UNMAPPED where this user has no such ids to give */
export async function giveOwner(
  path: string,
  { uid, gid, shown }: { readonly uid: number; readonly gid: number; readonly shown: string },
): Promise<void> {
  if (uid === 0 && gid === 0) return;
  try {
    await chown(path, uid, gid);
  } catch (cause) {
    const errno = errnoOf(cause);
    // The first in a user namespace that does not have them, the second without one.
    if (errno !== 'EINVAL' && errno !== 'EPERM') throw cause;
    throw unmappedOwner(`${uid}:${gid}`, shown);
  }
}
