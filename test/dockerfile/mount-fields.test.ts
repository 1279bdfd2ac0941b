/** The CSV of `RUN --mount`: fields with the place of each key and value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountOrigin, mountValues, splitMountFields } from '#dockerfile/mount-fields.ts';

test('keys and values slice back to the text', () => {
  const text = 'type=cache,rw,TARGET=/a=b,id=';
  const fields = splitMountFields(text);
  assert.ok(!('error' in fields));
  const read = fields.map(({ key, value }) => [
    text.slice(key.start, key.end),
    value && text.slice(value.start, value.end),
  ]);
  assert.deepEqual(read, [
    ['type', 'cache'],
    ['rw', undefined],
    ['TARGET', '/a=b'],
    ['id', ''],
  ]);
  assert.equal(fields[2]?.key.text, 'target');
});

test('a quoted field may hold commas and doubled quotes', () => {
  const text = 'type=bind,"target=/a,""b",from=c';
  assert.deepEqual(
    mountValues(text).map((value) => value.text),
    ['bind', '/a,"b', 'c'],
  );
  assert.deepEqual(mountOrigin(text), { text: 'c', start: 31, end: 32 });
  const target = mountValues(text)[1];
  assert.ok(target);
  assert.equal(text.slice(target.start, target.end), '/a,""b');
});

const wrong: readonly (readonly [text: string, error: string, start: number])[] = [
  ['', 'EOF', 0],
  ['a=b"c', 'parse error on line 1, column 4: bare " in non-quoted field', 3],
  ['"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field', 2],
  ['"a', 'parse error on line 1, column 3: extraneous or missing " in quoted-field', 2],
];

for (const [text, error, start] of wrong) {
  test(`${JSON.stringify(text)}: ${error}`, () => {
    const problem = splitMountFields(text);
    assert.ok('error' in problem);
    assert.deepEqual([problem.error, problem.start], [error, start]);
    assert.deepEqual(mountValues(text), []);
    assert.equal(mountOrigin(text), undefined);
  });
}
