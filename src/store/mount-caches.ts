/**
 * The folders of `RUN --mount=type=cache`: kept between builds, by the id of the mount. A row says that
 * a folder is wanted and another that somebody uses it; both are changed in transactions, so that
 * builds of several processes wait for each other as `sharing` says. A folder without a row is garbage.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, encodedOf } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import { giveOwner } from '#layer/give-owner.ts';
import { onDisk } from './disk-errors.ts';
import { type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { currentOwner, ownerState } from './process-owner.ts';

export type CacheSharing = 'shared' | 'private' | 'locked';

export interface MountCacheRequest {
  readonly id: string;
  readonly sharing: CacheSharing;
  /** Of a folder that is new and empty. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Fills a folder that is new; false: it did not, and `seed` has to. */
  readonly fill?: (folder: string) => Promise<boolean>;
  /** Fills a folder that is new, before anybody sees it, and gives it owner and mode. */
  readonly seed?: (folder: string) => Promise<void>;
  readonly signal?: AbortSignal;
  /** Called once, when somebody else has to finish first. */
  readonly onWait?: () => void;
}

/** In use until it is disposed. */
export interface MountCache extends AsyncDisposable {
  readonly folder: string;
}

/** One folder, as the store's care sees it. */
export interface StoredMountCache {
  readonly id: string;
  /** 0, and more where private users met. */
  readonly slot: number;
  readonly path: string;
  readonly usedAtMs: number;
  readonly uses: number;
  readonly isInUse: boolean;
}

/** How often a waiting build looks again. */
const WAIT_MS = 50;

export class MountCaches {
  readonly #paths: StorePaths;
  readonly #metadata: Metadata;

  /** @internal use LocalStore.mountCaches */
  constructor(paths: StorePaths, metadata: Metadata) {
    this.#paths = paths;
    this.#metadata = metadata;
  }

  /**
   * A folder for the id. `shared`: whoever asks, at once; `locked`: after all others are done;
   * `private`: one that nobody uses, a further one if need be.
   */
  async acquire(request: MountCacheRequest): Promise<MountCache> {
    const token = crypto.randomUUID();
    let slot = this.#enter(request, token);
    if (slot === undefined) request.onWait?.();
    while (slot === undefined) {
      await sleep(WAIT_MS, undefined, request.signal ? { signal: request.signal } : {}).catch(() =>
        request.signal?.throwIfAborted(),
      );
      slot = this.#enter(request, token);
    }
    try {
      const folder = mountCachePath(this.#paths, request.id, slot);
      if (!existsSync(folder)) await this.#make(folder, request);
      return { folder, [Symbol.asyncDispose]: () => this.#leave(token) };
    } catch (error) {
      await this.#leave(token);
      throw error;
    }
  }

  /**
   * The folder to be read by its only user; it does not count as a use. `held` is absent where there is
   * none, and where somebody else has it.
   */
  tryLock(id: string): { readonly isThere: boolean; readonly held?: MountCache } {
    const folder = mountCachePath(this.#paths, id, 0);
    const token = crypto.randomUUID();
    return this.#metadata.transaction(() => {
      const sql = 'SELECT 1 FROM mount_caches WHERE id = ? AND slot = 0';
      if (this.#metadata.get(sql, id) === undefined || !existsSync(folder)) {
        return { isThere: false };
      }
      if (usersOf(this.#metadata, id).some(({ slot }) => slot === 0)) return { isThere: true };
      this.#use({ token, id, slot: 0, isExclusive: true });
      return { isThere: true, held: { folder, [Symbol.asyncDispose]: () => this.#leave(token) } };
    });
  }

  /** Removes the folders of a trial, which nobody uses any more. */
  async forgetTrial(trial: string): Promise<void> {
    const slots = this.#metadata.transaction(() => {
      const mine = storedMountCaches(this.#paths, this.#metadata).filter(({ id }) =>
        id.endsWith(trialId('', trial)),
      );
      for (const { id, slot } of mine) {
        this.#metadata.run('DELETE FROM mount_caches WHERE id = ? AND slot = ?', id, slot);
      }
      return mine;
    });
    for (const { path } of slots) await rm(path, { recursive: true, force: true });
  }

  /** The slot that is ours now; undefined: wait. */
  #enter({ id, sharing }: MountCacheRequest, token: string): number | undefined {
    return this.#metadata.transaction(() => {
      const users = usersOf(this.#metadata, id);
      const slot = slotFor(sharing, users);
      if (slot === undefined) return undefined;
      this.#use({ token, id, slot, isExclusive: sharing !== 'shared' });
      this.#metadata.run(
        `INSERT INTO mount_caches VALUES (?, ?, ?, 1) ON CONFLICT (id, slot)
         DO UPDATE SET used_at_ms = excluded.used_at_ms, uses = uses + 1`,
        id,
        slot,
        Date.now(),
      );
      return slot;
    });
  }

  #use(user: MountUser & { readonly token: string; readonly id: string }): void {
    this.#metadata.run(
      'INSERT INTO mount_users VALUES (?, ?, ?, ?, ?)',
      user.token,
      user.id,
      user.slot,
      currentOwner(),
      user.isExclusive ? 1 : 0,
    );
  }

  async #leave(token: string): Promise<void> {
    this.#metadata.run('DELETE FROM mount_users WHERE token = ?', token);
  }

  async #make(folder: string, request: MountCacheRequest): Promise<void> {
    const fresh = this.#paths.temporary('ingest');
    await onDisk(fresh, () => mkdir(fresh));
    try {
      const isFilled = (await request.fill?.(fresh)) ?? false;
      if (request.seed && !isFilled) await request.seed(fresh);
      else await onDisk(fresh, () => own(fresh, request));
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      throw error;
    }
    await onDisk(folder, () => mkdir(dirname(folder), { recursive: true }));
    try {
      await onDisk(folder, () => rename(fresh, folder));
    } catch (error) {
      // Two shared users at the same time: the first one's folder counts.
      const errno = errnoOf(error);
      if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST') throw error;
      await rm(fresh, { recursive: true, force: true });
    }
  }
}

/** A cache of a trial's own in place of the one that it would share. */
export function trialId(id: string, trial: string): string {
  return `${id} trial=${trial}`;
}

async function own(folder: string, { id, mode, uid, gid }: MountCacheRequest): Promise<void> {
  await chmod(folder, mode);
  await giveOwner(folder, { uid, gid, shown: id });
}

interface MountUser {
  readonly slot: number;
  readonly isExclusive: boolean;
}

function slotFor(sharing: CacheSharing, users: readonly MountUser[]): number | undefined {
  const first = users.filter(({ slot }) => slot === 0);
  switch (sharing) {
    case 'shared':
      return first.some(({ isExclusive }) => isExclusive) ? undefined : 0;
    case 'locked':
      return first.length > 0 ? undefined : 0;
    case 'private': {
      const taken = new Set(users.map(({ slot }) => slot));
      let slot = 0;
      while (taken.has(slot)) slot += 1;
      return slot;
    }
  }
}

/** Those alive: a row of a dead process goes. Call it inside a transaction. */
function usersOf(metadata: Metadata, id: string): readonly MountUser[] {
  return metadata.all('SELECT * FROM mount_users WHERE id = ?', id).flatMap((row) => {
    if (isAlive(metadata, row)) {
      return [{ slot: numberOf(row, 'slot'), isExclusive: numberOf(row, 'exclusive') === 1 }];
    }
    return [];
  });
}

function isAlive(metadata: Metadata, row: Row): boolean {
  if (ownerState(textOf(row, 'owner')) !== 'dead') return true;
  metadata.run('DELETE FROM mount_users WHERE token = ?', textOf(row, 'token'));
  return false;
}

function mountCachePath(paths: StorePaths, id: string, slot: number): string {
  return join(paths.mountCaches, `${encodedOf(digestOf(id))}.${slot}`);
}

/** Every folder that is wanted, the one not used for longest first. Call it inside a transaction. */
export function storedMountCaches(
  paths: StorePaths,
  metadata: Metadata,
): readonly StoredMountCache[] {
  const rows = metadata.all('SELECT * FROM mount_caches ORDER BY used_at_ms, id, slot');
  return rows.map((row) => {
    const id = textOf(row, 'id');
    const slot = numberOf(row, 'slot');
    return {
      id,
      slot,
      path: mountCachePath(paths, id, slot),
      usedAtMs: numberOf(row, 'used_at_ms'),
      uses: numberOf(row, 'uses'),
      isInUse: usersOf(metadata, id).some((user) => user.slot === slot),
    };
  });
}
