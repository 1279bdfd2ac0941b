/** inventory.json: small, sorted, without names; and what is refused as one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Digest, digestOf } from '#core/digest.ts';
import {
  ALWAYS_SENT_BYTES,
  decodeInventory,
  encodeInventory,
  inventoryHas,
  inventoryOf,
} from '#store/inventory.ts';

const LARGE = ALWAYS_SENT_BYTES + 1;

describe('inventory', () => {
  it('has what was put in, and nothing that is small', () => {
    const blobs = [
      { digest: digestOf('a'), size: LARGE },
      { digest: digestOf('b'), size: ALWAYS_SENT_BYTES },
    ];
    const read = decodeInventory(encodeInventory(inventoryOf(blobs)), 'have.json');
    assert.equal(inventoryHas(read, digestOf('a')), true);
    assert.equal(inventoryHas(read, digestOf('b')), false);
    assert.equal(inventoryHas(read, digestOf('c')), false);
  });

  it('is the same bytes whatever the order, and takes 11 bytes a blob', () => {
    const digests: readonly Digest[] = Array.from({ length: 500 }, (_, i) => digestOf(`${i}`));
    const blobs = digests.map((digest) => ({ digest, size: LARGE }));
    const bytes = encodeInventory(inventoryOf(blobs));
    assert.deepEqual(encodeInventory(inventoryOf(blobs.toReversed())), bytes);
    assert.ok(bytes.byteLength < 500 * 11 + 200, `${bytes.byteLength}`);
    const read = decodeInventory(bytes, 'have.json');
    assert.ok(digests.every((digest) => inventoryHas(read, digest)));
  });

  it('of an empty store is one too', () => {
    const read = decodeInventory(encodeInventory(inventoryOf([])), 'have.json');
    assert.equal(read.prefixes.size, 0);
  });

  const REFUSED: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ['no JSON', () => 'x', /not valid JSON/],
    [
      'another version',
      (t) => t.replace('"schemaVersion":1', '"schemaVersion":9'),
      /schemaVersion/,
    ],
    [
      'beginnings of another length',
      (t) => t.replace('"prefixBytes":8', '"prefixBytes":4'),
      /prefixBytes/,
    ],
    ['a wrong count', (t) => t.replace('"count":1', '"count":2'), /prefixes/],
    ['a count beyond reason', (t) => t.replace('"count":1', '"count":1000001'), /at most/],
    ['no base64url', (t) => t.replace(/"prefixes":"./, '"prefixes":"+'), /base64url/],
  ];
  for (const [fact, change, message] of REFUSED) {
    it(`${fact}: FILE_UNUSABLE`, () => {
      const bytes = encodeInventory(inventoryOf([{ digest: digestOf('a'), size: LARGE }]));
      const text = change(Buffer.from(bytes).toString());
      assert.throws(() => decodeInventory(Buffer.from(text), 'have.json'), {
        code: 'FILE_UNUSABLE',
        message,
      });
    });
  }
});
