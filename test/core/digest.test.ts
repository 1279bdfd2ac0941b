/** Digests: what parses, what is refused and why, and both hashers against an independent one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import {
  algorithmOf,
  createCloneableHasher,
  createHasher,
  type DigestAlgorithm,
  digestOf,
  encodedOf,
  isDigest,
  parseDigest,
  shortId,
} from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';

const HEX_256 = '0123456789abcdef'.repeat(4);
const HEX_512 = HEX_256.repeat(2);
/** FIPS 180-4 has it for the empty message; everybody knows it by heart. */
const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const accepted: readonly (readonly [text: string, algorithm: DigestAlgorithm])[] = [
  [`sha256:${HEX_256}`, 'sha256'],
  [`sha512:${HEX_512}`, 'sha512'],
];

const FORMAT = 'invalid checksum digest format';
const LENGTH = 'invalid checksum digest length';
const ALGORITHM = 'unsupported digest algorithm';

const refused: readonly (readonly [fact: string, text: string, message: string])[] = [
  ['nothing', '', FORMAT],
  ['no colon', HEX_256, FORMAT],
  ['an algorithm without a colon', 'sha256', FORMAT],
  ['an algorithm and one character', 'sha256x', FORMAT],
  ['nothing before the colon', `:${HEX_256}`, FORMAT],
  ['nothing after the colon', 'sha256:', FORMAT],
  ['two colons', `sha256:${HEX_256}:`, FORMAT],
  ['an upper-case algorithm', `SHA256:${HEX_256}`, FORMAT],
  ['white space before', ` sha256:${HEX_256}`, FORMAT],
  ['a line break after', `sha256:${HEX_256}\n`, FORMAT],
  ['upper-case hex', `sha256:${HEX_256.toUpperCase()}`, FORMAT],
  ['a letter that is no hex', `sha256:${HEX_256.slice(1)}g`, FORMAT],
  ['one digit short', `sha256:${HEX_256.slice(1)}`, LENGTH],
  ['one digit long', `sha256:${HEX_256}0`, LENGTH],
  ['sha256 as long as sha512', `sha256:${HEX_512}`, LENGTH],
  ['sha512 as long as sha256', `sha512:${HEX_256}`, LENGTH],
  ['an algorithm of the past', 'md5:d41d8cd98f00b204e9800998ecf8427e', ALGORITHM],
  ['an algorithm of the grammar that nobody has', `sha256+b64u:${HEX_256}`, ALGORITHM],
  ['a property of all objects', `constructor:${HEX_256}`, ALGORITHM],
];

describe('parseDigest', () => {
  for (const [text, algorithm] of accepted) {
    it(`takes ${algorithm}`, () => {
      assert.equal(parseDigest(text), text);
      assert.equal(isDigest(text), true);
      assert.equal(algorithmOf(parseDigest(text)), algorithm);
      assert.equal(encodedOf(parseDigest(text)), text.slice(7));
      assert.equal(shortId(parseDigest(text)), '0123456789ab');
    });
  }

  for (const [fact, text, message] of refused) {
    it(`refuses ${fact}`, () => {
      assert.equal(isDigest(text), false);
      assert.throws(
        () => parseDigest(text),
        (error) => {
          assert.ok(isSlipwayError(error, 'DIGEST_INVALID'));
          assert.equal(error.message, `${message}: ${JSON.stringify(text)}`);
          assert.match(error.hint ?? '', /64|128/);
          return true;
        },
      );
    });
  }

  it('and isDigest always agree', () => {
    const near = fc.tuple(
      fc.constantFrom('sha256:', 'sha512:', 'sha1:', ''),
      fc.constantFrom(HEX_256, HEX_512, HEX_256.slice(1), ''),
      fc.constantFrom('', '', '0', 'A', '\n'),
    );
    fc.assert(
      fc.property(near, (parts) => {
        const text = parts.join('');
        assert.equal(isDigest(text), parses(text));
      }),
    );
  });
});

function parses(text: string): boolean {
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}

const ORACLES = { sha256, sha512 };
const chunks = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });

describe('createHasher', () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    it(`${algorithm} in chunks is what another implementation makes of the whole`, () => {
      fc.assert(
        fc.property(chunks, (parts) => {
          const hasher = createHasher(algorithm);
          for (const part of parts) hasher.update(part);
          const expected = Buffer.from(ORACLES[algorithm](Buffer.concat(parts))).toString('hex');
          assert.equal(hasher.digest(), `${algorithm}:${expected}`);
        }),
      );
    });
  }

  it('is sha256 unless asked otherwise, and takes text as UTF-8', () => {
    const hasher = createHasher();
    hasher.update('grün');
    assert.equal(hasher.digest(), digestOf(Buffer.from('grün', 'utf8')));
    assert.equal(digestOf('grün'), digestOf(Buffer.from('grün', 'utf8')));
    assert.equal(digestOf(''), EMPTY);
  });

  it('is over after its digest', () => {
    const hasher = createHasher();
    hasher.digest();
    assert.throws(() => hasher.update('more'));
  });
});

describe('createCloneableHasher', () => {
  it('equals straight hashing, for the clone and for the one it came from', () => {
    fc.assert(
      fc.property(chunks, chunks, chunks, (prefix, first, second) => {
        const hasher = createCloneableHasher();
        for (const part of prefix) hasher.update(part);
        const clone = hasher.clone();
        for (const part of first) hasher.update(part);
        for (const part of second) clone.update(part);
        assert.equal(hasher.digest(), digestOf(Buffer.concat([...prefix, ...first])));
        assert.equal(clone.digest(), digestOf(Buffer.concat([...prefix, ...second])));
      }),
    );
  });

  it('takes text as UTF-8, and is over after its digest', () => {
    const hasher = createCloneableHasher();
    hasher.update('grün');
    assert.equal(hasher.digest(), digestOf('grün'));
    assert.throws(() => hasher.update('more'));
  });
});
