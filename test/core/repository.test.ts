/** Optional abilities of a blob store are asked for at the call site. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BlobStore, canMount, canReceive } from '#core/repository.ts';

const plain: BlobStore = {
  stat: async () => undefined,
  read: () => assert.fail('not asked'),
  ingest: () => assert.fail('not asked'),
};

/** Abilities are methods of classes as a rule: found on the prototype too. */
class Able implements BlobStore {
  readonly stat = plain.stat;
  readonly read = plain.read;
  readonly ingest = plain.ingest;
  async mount(): Promise<boolean> {
    return true;
  }
  async receive(): Promise<void> {}
}

describe('abilities of a blob store', () => {
  it('has neither unless it says so', () => {
    assert.equal(canMount(plain), false);
    assert.equal(canReceive(plain), false);
  });

  it('each by itself', () => {
    const mounting = { ...plain, mount: async () => true };
    const receiving = { ...plain, receive: async () => {} };
    assert.deepEqual([canMount(mounting), canReceive(mounting)], [true, false]);
    assert.deepEqual([canMount(receiving), canReceive(receiving)], [false, true]);
  });

  it('those of a class', () => {
    assert.deepEqual([canMount(new Able()), canReceive(new Able())], [true, true]);
  });
});
