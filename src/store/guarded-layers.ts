/**
 * Which layers were looked through for which secret, and do not hold it: a cached layer need not be read
 * again for each build that has secrets. Marks say nothing about a secret to whoever does not have it.
 */
import { createHmac } from 'node:crypto';
import type { Digest } from '#core/digest.ts';
import type { Metadata } from './metadata.ts';

/** Enough to tell secrets apart, too little to try guesses against. */
const MARK_LENGTH = 12;

export class GuardedLayers {
  readonly #metadata: Metadata;

  /** @internal use LocalStore.guarded */
  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  isClean(diffId: Digest, secret: Uint8Array): boolean {
    const sql = 'SELECT 1 FROM guarded_layers WHERE diff_id = ? AND mark = ?';
    return this.#metadata.get(sql, diffId, markOf(diffId, secret)) !== undefined;
  }

  /** They were looked for, and are not there. */
  remember(diffId: Digest, secrets: Iterable<Uint8Array>): void {
    this.#metadata.transaction(() => {
      for (const secret of secrets) {
        const sql = 'INSERT OR IGNORE INTO guarded_layers VALUES (?, ?)';
        this.#metadata.run(sql, diffId, markOf(diffId, secret));
      }
    });
  }
}

/** Another one for each layer, so that two layers do not tell whether they were given the same secret. */
function markOf(diffId: Digest, secret: Uint8Array): string {
  return createHmac('sha256', diffId).update(secret).digest('hex').slice(0, MARK_LENGTH);
}
