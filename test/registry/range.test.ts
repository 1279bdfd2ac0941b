/** Range headers of reads, and the ranges of upload chunks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseChunkRange, parseRange, type ReadRange } from '#registry/endpoints/range.ts';

const part = (start: number, end: number): ReadRange => ({ kind: 'part', start, end });
const WHOLE: ReadRange = { kind: 'whole' };
const NONE: ReadRange = { kind: 'unsatisfiable' };

describe('parseRange of ten bytes', () => {
  const cases: readonly (readonly [header: string | undefined, range: ReadRange])[] = [
    [undefined, WHOLE],
    ['bytes=0-0', part(0, 1)],
    ['bytes=0-9', part(0, 10)],
    ['bytes=3-', part(3, 10)],
    ['bytes=3-99', part(3, 10)],
    ['bytes=-3', part(7, 10)],
    ['bytes=-99', part(0, 10)],
    ['bytes=-0', NONE],
    ['bytes=10-', NONE],
    ['bytes=10-20', NONE],
    ['bytes=5-4', { kind: 'unsatisfiable' }],
    ['bytes=-', WHOLE],
    ['bytes=0-1,2-3', WHOLE],
    ['bytes=a-b', WHOLE],
    ['chars=0-1', WHOLE],
    ['bytes=1-99999999999999999999', WHOLE],
  ];
  for (const [header, range] of cases) {
    it(`${header} is ${JSON.stringify(range)}`, () =>
      assert.deepEqual(parseRange(header, 10), range));
  }

  it('an empty blob satisfies no range', () => {
    assert.deepEqual(parseRange('bytes=0-', 0), NONE);
    assert.deepEqual(parseRange('bytes=-5', 0), NONE);
  });
});

describe('parseChunkRange', () => {
  it('takes both forms', () => {
    assert.deepEqual(parseChunkRange('5-9'), { start: 5, end: 9 });
    assert.deepEqual(parseChunkRange('bytes 5-9/*'), { start: 5, end: 9 });
    assert.deepEqual(parseChunkRange('bytes=5-9/20'), { start: 5, end: 9 });
  });

  for (const text of ['', '5', '9-5', '-5', '5-', 'a-b', '1-2-3']) {
    it(`refuses "${text}"`, () => assert.equal(parseChunkRange(text), undefined));
  }
});
