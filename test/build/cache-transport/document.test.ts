/** The list of a build cache, which comes from elsewhere and may be anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheDocument, decodeCache, encodeCache } from '#build/cache-transport/document.ts';
import { digestOf } from '#core/digest.ts';

const [layer, other] = [digestOf('layer'), digestOf('other')];
const record = (key: string, diffId = layer) => ({
  key: digestOf(key),
  diffId,
  createdAt: '2026-01-02T03:04:05Z',
  description: `RUN ${key}`,
});

test('what is written is read; records of other layers stay behind', () => {
  const document = cacheDocument([layer], [record('a'), record('b'), record('c', other)]);
  assert.deepEqual(
    document.records.map(({ layer: at }) => at),
    [0, 0],
  );
  assert.deepEqual(decodeCache(Buffer.from(encodeCache(document))), document);
});

test('facts and cache mounts say which layer they are in; those of other layers stay behind', () => {
  const [facts, npm] = [digestOf('facts'), digestOf('npm')];
  const document = cacheDocument([layer, facts, npm], [record('a')], {
    facts,
    mounts: [
      { id: '/root/.npm', diffId: npm },
      { id: '/gone', diffId: other },
    ],
  });
  assert.equal(document.facts, 1);
  assert.deepEqual(document.mounts, [{ id: '/root/.npm', layer: 2 }]);
  assert.deepEqual(decodeCache(Buffer.from(encodeCache(document))), document);
});

test('the order of records is no difference', () => {
  const [a, b] = [record('a'), record('b')];
  assert.equal(
    encodeCache(cacheDocument([layer], [a, b])),
    encodeCache(cacheDocument([layer], [b, a])),
  );
});

test('a description cannot steer the terminal that shows it', () => {
  const description = 'RUN <<EOF\n\techo \u001b[2J\u009b1m\rdone\u0007\n';
  const text = encodeCache({
    layers: [layer],
    records: [{ ...record('a'), layer: 0, description }],
    mounts: [],
  });
  const [read] = decodeCache(Buffer.from(text)).records;
  assert.equal(read?.description, 'RUN <<EOF\n\techo [2J1mdone\n');
});

const good = { version: 1, layers: [layer], records: [] };
const one = { key: digestOf('a'), layer: 0, createdAt: '2026-01-02T03:04:05Z', description: '' };
for (const [what, document] of [
  ['no JSON', '{'],
  ['another version', { ...good, version: 2 }],
  ['a layer that is no digest', { ...good, layers: ['../x'] }],
  ['a record of a layer that is not listed', { ...good, records: [{ ...one, layer: 1 }] }],
  ['a negative layer', { ...good, records: [{ ...one, layer: -1 }] }],
  ['a key that is no digest', { ...good, records: [{ ...one, key: 'a' }] }],
  ['a record without a time', { ...good, records: [{ ...one, createdAt: undefined }] }],
  ['a record whose time is none', { ...good, records: [{ ...one, createdAt: 'yesterday' }] }],
  [
    'a record of a day that no year has',
    { ...good, records: [{ ...one, createdAt: '2026-99-99T00:00:00Z' }] },
  ],
  ['facts in a layer that is not listed', { ...good, facts: 1 }],
  ['a mount in a layer that is not listed', { ...good, mounts: [{ id: 'a', layer: 1 }] }],
  ['a mount without an id', { ...good, mounts: [{ layer: 0 }] }],
  ['a mount with an endless id', { ...good, mounts: [{ id: 'a'.repeat(5000), layer: 0 }] }],
  ['too many mounts', { ...good, mounts: Array(1001).fill({ id: 'a', layer: 0 }) }],
  ['too many records', { ...good, records: Array(100_001).fill(one) }],
] as const) {
  test(`refuses ${what}`, () => {
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    assert.throws(() => decodeCache(Buffer.from(text)), { code: 'CACHE_INVALID' });
  });
}
