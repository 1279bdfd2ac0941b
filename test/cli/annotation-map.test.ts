/** `-a key=value` words as a map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationMap } from '#cli/annotation-map.ts';

test('the first equals sign parts them, the last of a name wins, a value may be empty', () => {
  assert.deepEqual(annotationMap([]), {});
  assert.deepEqual(annotationMap(['a=1', 'b=x=y', 'a=2', 'c=']), { a: '2', b: 'x=y', c: '' });
});

test('a word without a name or an equals sign is refused', () => {
  for (const word of ['a', '=1', '']) {
    assert.throws(() => annotationMap([word]), { code: 'USAGE' });
  }
});
