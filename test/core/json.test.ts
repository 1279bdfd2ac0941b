/** Decoding JSON: the values, and that each refusal points at the field that is wrong. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { type JsonValue, ObjectReader, parseJson } from '#core/json.ts';

function read(value: JsonValue): ObjectReader {
  return new ObjectReader(value, 'doc');
}

function refuses(work: () => unknown, message: string): void {
  assert.throws(work, (error) => {
    assert.ok(isSlipwayError(error, 'JSON_INVALID'));
    assert.equal(error.message, message);
    return true;
  });
}

describe('parseJson', () => {
  it('takes bytes and text', () => {
    assert.deepEqual(parseJson('{"a":[1,null]}', 'doc'), { a: [1, null] });
    assert.deepEqual(parseJson(Buffer.from('{"ä":"✓"}'), 'doc'), { ä: '✓' });
  });

  for (const [fact, bytes] of [
    ['nothing', Buffer.from('')],
    ['half a document', Buffer.from('{"a":')],
    ['two documents', Buffer.from('{}{}')],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ] as const) {
    it(`refuses ${fact}, with the cause`, () => {
      assert.throws(
        () => parseJson(bytes, 'doc'),
        (error) =>
          isSlipwayError(error, 'JSON_INVALID') &&
          error.message === 'doc is not valid JSON' &&
          error.cause instanceof Error,
      );
    });
  }
});

describe('ObjectReader', () => {
  const sample = read({
    text: 'x',
    none: null,
    count: 3,
    half: 0.5,
    yes: true,
    inner: { deep: { word: 1 } },
    list: [{ a: 1 }, { b: 2 }],
    words: ['a', 'b'],
    labels: { one: '1', __proto__x: '2' },
  });

  it('reads each type', () => {
    assert.equal(sample.string('text'), 'x');
    assert.equal(sample.size('count'), 3);
    assert.equal(sample.optionalNumber('half'), 0.5);
    assert.equal(sample.optionalBoolean('yes'), true);
    assert.equal(sample.object('inner').object('deep').optionalNumber('word'), 1);
    assert.deepEqual(
      sample.objects('list').map((one) => one.keys()),
      [['a'], ['b']],
    );
    assert.deepEqual(sample.strings('words'), ['a', 'b']);
    assert.deepEqual(sample.optionalStringMap('labels'), { one: '1', __proto__x: '2' });
    assert.equal(sample.raw('none'), null);
  });

  it('takes null for absent', () => {
    for (const key of ['none', 'missing']) {
      assert.equal(sample.has(key), false);
      assert.equal(sample.optionalString(key), undefined);
      assert.equal(sample.optionalNumber(key), undefined);
      assert.equal(sample.optionalBoolean(key), undefined);
      assert.equal(sample.optionalObject(key), undefined);
      assert.equal(sample.optionalStringMap(key), undefined);
      assert.deepEqual(sample.strings(key), []);
      assert.deepEqual(sample.objects(key), []);
    }
  });

  it('sees no fields but the document’s own', () => {
    const reader = read({});
    for (const key of ['constructor', 'toString', '__proto__']) {
      assert.equal(reader.has(key), false);
      assert.equal(reader.raw(key), undefined);
      refuses(() => reader.string(key), `doc: /${key} is missing`);
    }
  });

  it('keeps a field that is called like a part of every object', () => {
    const reader = new ObjectReader(parseJson('{"m":{"__proto__":"x"}}', 'doc'), 'doc');
    assert.deepEqual(Object.entries(reader.optionalStringMap('m') ?? {}), [['__proto__', 'x']]);
  });

  for (const value of [null, 'x', 1, true, []] as const) {
    it(`refuses ${JSON.stringify(value)} for an object`, () => {
      refuses(() => read(value), 'doc: / must be an object');
      refuses(() => read({ a: [value] }).objects('a'), 'doc: /a/0 must be an object');
    });
  }

  for (const size of [-1, 1.5, 2 ** 53, '1', true] as const) {
    it(`refuses ${JSON.stringify(size)} for a size`, () => {
      refuses(() => read({ size }).size('size'), 'doc: /size must be a whole number');
    });
  }

  const refusals: readonly (readonly [message: string, work: () => unknown])[] = [
    ['doc: /gone is missing', () => sample.string('gone')],
    ['doc: /gone is missing', () => sample.size('gone')],
    ['doc: /none is missing', () => sample.string('none')],
    ['doc: /gone must be an object', () => sample.object('gone')],
    ['doc: /count must be a string', () => sample.string('count')],
    ['doc: /text must be a number', () => sample.optionalNumber('text')],
    ['doc: /text must be true or false', () => sample.optionalBoolean('text')],
    ['doc: /text must be an object', () => sample.optionalObject('text')],
    ['doc: /words must be an object', () => sample.optionalObject('words')],
    ['doc: /labels must be an array', () => sample.strings('labels')],
    ['doc: /inner/deep/word must be a string', () => deep().string('word')],
    ['doc: /list/1/b must be a string', () => sample.objects('list')[1]?.string('b')],
    ['doc: /words/1 must be a string', () => read({ words: ['a', 2] }).strings('words')],
    ['doc: /words/0 must be a string', () => read({ words: [null] }).strings('words')],
    ['doc: /inner/deep must be a string', () => sample.optionalStringMap('inner')],
    ['doc: /text must be round', () => sample.refuse('text', 'round')],
    ['doc: /a~1b~0c must be a string', () => read({ 'a/b~c': 1 }).string('a/b~c')],
    ['doc: /a~1b/0 must be a string', () => read({ 'a/b': [1] }).strings('a/b')],
  ];

  for (const [message, work] of refusals) it(`says ${message}`, () => refuses(work, message));

  function deep(): ObjectReader {
    return sample.object('inner').object('deep');
  }
});
