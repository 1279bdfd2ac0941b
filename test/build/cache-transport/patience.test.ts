/** Places that keep silent: given up after a while, which only counts what they do not send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CacheOrigin, impatient } from '#build/cache-transport/patience.ts';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { collect } from '#test/helpers/entries.ts';

const DIGEST = digestOf('x');

/** Rejects as the client does when its signal is aborted. */
async function never(signal: AbortSignal | undefined): Promise<never> {
  await sleep(120_000, undefined, signal ? { signal } : {}).catch((cause: unknown) => {
    throw new SlipwayError('CANCELLED', 'context canceled', { cause });
  });
  throw new Error('nobody gave up');
}

const silent: CacheOrigin = {
  getManifest: (_, options) => never(options?.signal),
  blobs: {
    async *read(_, options) {
      yield Buffer.from('first');
      await never(options?.signal);
    },
  },
};

const gaveUp = { code: 'REGISTRY_UNREACHABLE', message: /^i\/o timeout: nothing came for / };

test('a manifest that does not come, and the rest of a blob', async () => {
  await assert.rejects(impatient(silent, 20).getManifest('main'), gaveUp);
  const { blobs } = impatient(silent, 20);
  const chunks: string[] = [];
  await assert.rejects(async () => {
    for await (const chunk of blobs.read(DIGEST)) chunks.push(String(chunk));
  }, gaveUp);
  assert.deepEqual(chunks, ['first']);
});

test('who stops the build is not blamed on the place', async () => {
  const stop = new AbortController();
  const asked = impatient(silent, 120_000).getManifest('main', { signal: stop.signal });
  stop.abort();
  await assert.rejects(asked, { code: 'CANCELLED' });
});

test('a reader that takes its time is no silence of the place', async () => {
  const place: CacheOrigin = {
    ...silent,
    blobs: {
      async *read(_, options) {
        for (const text of ['a', 'b', 'c']) {
          options?.signal?.throwIfAborted();
          yield Buffer.from(text);
        }
      },
    },
  };
  const read = async function* () {
    for await (const chunk of impatient(place, 20).blobs.read(DIGEST)) {
      await sleep(60);
      yield chunk;
    }
  };
  assert.equal(String(await collect(read())), 'abc');
});

test('errors of the place are its own', async () => {
  const failing: CacheOrigin = {
    ...silent,
    getManifest: () => Promise.reject(new SlipwayError('MANIFEST_UNKNOWN', 'not here')),
  };
  await assert.rejects(impatient(failing, 120_000).getManifest('main'), {
    code: 'MANIFEST_UNKNOWN',
  });
});
