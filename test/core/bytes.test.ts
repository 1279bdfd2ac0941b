/** Byte strings: nothing is lost, whatever the bytes, and they sort as the kernel sorts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { byteStringOf, bytesOf, displayBytes, toByteString } from '#core/bytes.ts';

describe('byte strings', () => {
  it('hold any bytes, one a character', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = byteStringOf(bytes);
        assert.equal(text.length, bytes.length);
        assert.deepEqual(new Uint8Array(bytesOf(text)), bytes);
      }),
    );
  });

  it('are of a part of a buffer only, where a part is given', () => {
    const whole = Uint8Array.from([1, 2, 0xe4, 4]);
    assert.equal(byteStringOf(whole.subarray(1, 3)), '\x02\xe4');
  });

  it('compare as their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const [first, second] = [byteStringOf(a), byteStringOf(b)];
        const order = first < second ? -1 : first > second ? 1 : 0;
        assert.equal(order, Buffer.compare(a, b));
      }),
    );
  });

  it('text goes in as UTF-8 and comes out for people', () => {
    assert.equal(toByteString('ä'), '\xc3\xa4');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        assert.deepEqual(bytesOf(toByteString(text)), Buffer.from(text, 'utf8'));
        assert.equal(displayBytes(toByteString(text)), text);
      }),
    );
  });

  it('what is not UTF-8 is shown as such', () => {
    assert.equal(displayBytes(byteStringOf(Uint8Array.from([0x61, 0xff, 0x62]))), 'a\ufffdb');
  });
});
