/** receipt.json: read as written, and refused when it is something else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { inventoryOf } from '#store/inventory.ts';
import { decodeReceipt, encodeReceipt, type Receipt } from '#store/receipt-document.ts';

const RECEIPT: Receipt = {
  loadedAt: '2026-01-02T03:04:05.000Z',
  host: 'there',
  images: [
    {
      names: ['docker.io/library/app:1'],
      digest: digestOf('manifest'),
      imageId: digestOf('config'),
      blobs: [digestOf('manifest'), digestOf('config'), digestOf('layer')],
    },
  ],
  inventory: inventoryOf([{ digest: digestOf('layer'), size: 1_000_000 }]),
};

describe('receipt', () => {
  it('is read as it was written, with and without an inventory', () => {
    assert.deepEqual(decodeReceipt(encodeReceipt(RECEIPT), 'r.json'), RECEIPT);
    const { inventory, ...bare } = RECEIPT;
    assert.ok(inventory);
    assert.deepEqual(decodeReceipt(encodeReceipt(bare), 'r.json'), bare);
  });

  for (const [fact, change] of [
    ['another kind of document', (t: string) => t.replace('receipt.v1', 'other.v1')],
    ['a damaged digest', (t: string) => t.replace(digestOf('config'), 'sha256:0')],
    ['a damaged inventory', (t: string) => t.replace('"count":1', '"count":3')],
  ] as const) {
    it(`${fact}: FILE_UNUSABLE`, () => {
      const text = change(Buffer.from(encodeReceipt(RECEIPT)).toString());
      assert.throws(() => decodeReceipt(Buffer.from(text), 'r.json'), { code: 'FILE_UNUSABLE' });
    });
  }
});
