/** The table of error codes, and what an error carries. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  ERROR_CODES,
  type ErrorCode,
  type ErrorKind,
  errnoOf,
  isSlipwayError,
  SlipwayError,
} from '#core/errors.ts';

/** A kind added to the type fails to compile here until it is listed. */
const KINDS: Readonly<Record<ErrorKind, true>> = {
  invalid: true,
  'not-found': true,
  conflict: true,
  integrity: true,
  denied: true,
  unavailable: true,
  unsupported: true,
  'step-failed': true,
  exhausted: true,
  cancelled: true,
  internal: true,
};

describe('the table', () => {
  for (const [code, { kind, meaning }] of Object.entries(ERROR_CODES)) {
    it(`${code}: a kind and one sentence`, () => {
      assert.match(code, /^[A-Z]+(?:_[A-Z]+)*$/);
      assert.ok(Object.hasOwn(KINDS, kind));
      assert.match(meaning, /^[A-Z].*[^.]\.$/);
      assert.doesNotMatch(meaning, /\. |\n/);
    });
  }

  it('has a code of every kind', () => {
    const used = new Set<string>(Object.values(ERROR_CODES).map(({ kind }) => kind));
    assert.deepEqual([...used].sort(), Object.keys(KINDS).sort());
  });

  it('says nothing twice', () => {
    const meanings = Object.values(ERROR_CODES).map(({ meaning }) => meaning);
    assert.equal(new Set<string>(meanings).size, meanings.length);
  });
});

describe('SlipwayError', () => {
  it('keeps everything it was given', () => {
    const cause = new Error('why');
    const detail = { expected: 'a', found: 'b' };
    const error = new SlipwayError('DIGEST_MISMATCH', 'not the same', {
      hint: 'fetch again',
      cause,
      detail,
    });
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'SlipwayError');
    assert.equal(error.code, 'DIGEST_MISMATCH');
    assert.equal(error.kind, 'integrity');
    assert.equal(error.message, 'not the same');
    assert.equal(error.hint, 'fetch again');
    assert.equal(error.cause, cause);
    assert.equal(error.detail, detail);
    assert.match(error.stack ?? '', /^SlipwayError: not the same\n/);
  });

  it('needs no more than a code and words', () => {
    const error = new SlipwayError('USAGE', 'what?');
    assert.equal(error.hint, undefined);
    assert.deepEqual(error.detail, {});
    assert.equal('cause' in error, false);
  });

  it('has the kind of its code', () => {
    for (const [code, { kind }] of Object.entries(ERROR_CODES)) {
      assert.equal(new SlipwayError(code as ErrorCode, '').kind, kind);
    }
  });
});

describe('isSlipwayError', () => {
  const error = new SlipwayError('BLOB_UNKNOWN', 'gone');

  it('knows ours, and those of the codes asked for', () => {
    assert.equal(isSlipwayError(error), true);
    assert.equal(isSlipwayError(error, 'BLOB_UNKNOWN'), true);
    assert.equal(isSlipwayError(error, 'USAGE', 'BLOB_UNKNOWN'), true);
    assert.equal(isSlipwayError(error, 'USAGE'), false);
  });

  for (const [fact, other] of [
    ['another error', Object.assign(new Error('gone'), { code: 'BLOB_UNKNOWN' })],
    ['what only looks like one', { ...error, name: 'SlipwayError' }],
    ['text', 'BLOB_UNKNOWN'],
    ['nothing', undefined],
  ] as const) {
    it(`does not take ${fact} for one`, () => {
      assert.equal(isSlipwayError(other), false);
      assert.equal(isSlipwayError(other, 'BLOB_UNKNOWN'), false);
    });
  }
});

describe('errnoOf', () => {
  it('names what the system or zlib said', () => {
    const missing = caught(() => readFileSync(`${import.meta.filename}.none`));
    assert.equal(errnoOf(missing), 'ENOENT');
    assert.equal(errnoOf(caught(() => gunzipSync(Buffer.from('x')))), 'Z_BUF_ERROR');
  });

  it('never takes a code of ours for one', () => {
    assert.equal(errnoOf(new SlipwayError('CANCELLED', 'stopped')), undefined);
  });

  it('is undefined for what has none', () => {
    const aborted = new DOMException('aborted', 'AbortError');
    for (const error of [new Error('x'), aborted, { code: 'ENOENT' }, 'ENOENT', undefined, null]) {
      assert.equal(errnoOf(error), undefined);
    }
  });
});

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return assert.fail('it should have thrown');
}
