/**
 * Leases: a named, expiring hold on digests. Besides a name, the only thing that stops gc. A hold is
 * written before its blob is put in place or looked for, so gc (which decides in one transaction)
 * either sees the hold or has removed the blob before it was looked for.
 */
import { randomBytes } from 'node:crypto';
import type { Digest } from '#core/digest.ts';
import { type Metadata, numberOf, textOf } from './metadata.ts';
import { currentOwner, ownerState, UNSEEN_OWNER_TTL_MS } from './process-owner.ts';

/** Dispose it when what it protects has a name, or is not wanted any more. */
export interface Lease extends AsyncDisposable {
  readonly id: string;
  readonly purpose: string;
  /** Keeps the digest (blob, layer or chain) from gc. Idempotent; it need not exist yet. */
  hold(digest: Digest): void;
}

export interface LeaseOptions {
  /** For people who ask what holds a blob: `build`, `pull docker.io/library/x`. */
  readonly purpose: string;
  /**
   * When it ends by itself, though only where nobody can see whether its process lives (another pid
   * namespace): a living owner's lease does not end, a dead owner's ends at once. Default: a day.
   */
  readonly ttlMs?: number;
}

/** A new lease of this process. Its row is written at the first hold. */
export function createLease(metadata: Metadata, options: LeaseOptions): Lease {
  const id = randomBytes(16).toString('hex');
  const expiresAtMs = Date.now() + (options.ttlMs ?? UNSEEN_OWNER_TTL_MS);
  const held = new Set<Digest>();
  return {
    id,
    purpose: options.purpose,
    hold(digest) {
      if (held.has(digest)) return;
      metadata.transaction(() => {
        if (held.size === 0) {
          metadata.run(
            'INSERT INTO leases VALUES (?, ?, ?, ?)',
            id,
            options.purpose,
            currentOwner(),
            expiresAtMs,
          );
        }
        metadata.run('INSERT INTO holds VALUES (?, ?)', id, digest);
      });
      held.add(digest);
    },
    async [Symbol.asyncDispose]() {
      if (held.size > 0) metadata.run('DELETE FROM leases WHERE id = ?', id);
      held.clear();
    },
  };
}

/** Ends the leases of dead owners. */
export function collectDeadLeases(metadata: Metadata): void {
  const now = Date.now();
  for (const row of metadata.all('SELECT id, owner, expires_at_ms FROM leases')) {
    const state = ownerState(textOf(row, 'owner'));
    const expired = numberOf(row, 'expires_at_ms') < now;
    if (state === 'dead' || (state === 'unseen' && expired)) {
      metadata.run('DELETE FROM leases WHERE id = ?', textOf(row, 'id'));
    }
  }
}
