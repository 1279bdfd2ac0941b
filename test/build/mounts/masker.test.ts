/** Secrets in output: masked wherever chunks end, and nothing else is changed or kept back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Masker } from '#build/mounts/masker.ts';
import { guardedForms, maskedForms } from '#build/mounts/secret-forms.ts';

function masked(secrets: readonly string[], chunks: readonly string[]): string {
  const masker = new Masker(maskedForms(secrets.map((secret) => Buffer.from(secret))));
  const shown = chunks.map((chunk) => masker.add(Buffer.from(chunk)));
  return Buffer.concat([...shown, masker.end()]).toString();
}

test('as it is, in base64, in a URL, line by line', () => {
  assert.equal(masked(['s3cret/key'], ['a s3cret/key b\n']), 'a *** b\n');
  assert.equal(masked(['s3cret/key'], ['s3cret%2Fkey']), '***');
  const encoded = Buffer.from('s3cret/key').toString('base64');
  assert.match(masked(['s3cret/key'], [encoded]), /^\*\*\*.{0,4}$/);
  assert.equal(masked(['first line\nsecond line\n'], ['second line']), '***');
});

test('a newline at the end of a secret is not part of it', () => {
  assert.equal(masked(['token\n'], ['[token]']), '[***]');
});

test('what is too short to be told from chance is left alone', () => {
  assert.equal(masked(['a', 'xyz'], ['a xyz']), 'a xyz');
  assert.deepEqual(guardedForms(Buffer.from('1234567')), []);
});

test('what only begins like a secret comes out at the end', () => {
  assert.equal(masked(['password'], ['the pass']), 'the pass');
  const masker = new Masker(maskedForms([Buffer.from('password')]));
  assert.equal(masker.add(Buffer.from('the pass')).toString(), 'the ');
  assert.equal(masker.add(Buffer.from('age')).toString(), 'passage');
});

test('the ends of chunks make no difference', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const secret = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), secret, (chunks, one) => {
      const shown = masked([one], chunks);
      return !shown.includes(one) && (chunks.join('').includes(one) || shown === chunks.join(''));
    }),
  );
});

test('of two secrets that begin alike the longer one is masked, wherever chunks end', () => {
  const secrets = ['abcd1234', 'abcd1234efgh5678'];
  assert.equal(masked(secrets, ['abcd1234', 'efgh5678\n']), '***\n');
  assert.equal(masked(secrets, ['abcd1234', 'efgh\n']), '***efgh\n');
  assert.equal(masked(secrets, ['abcd1234']), '***');
});

test('several secrets: none is in what is shown, and nothing else is lost', () => {
  const unit = fc.constantFrom('a', 'b');
  const chunk = fc.string({ unit, maxLength: 12 });
  const secret = fc.string({ unit, minLength: 4, maxLength: 7 });
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 8 }),
      fc.array(secret, { minLength: 1, maxLength: 3 }),
      (chunks, secrets) => {
        const shown = masked(secrets, chunks);
        const whole = masked(secrets, [chunks.join('')]);
        return shown === whole && !secrets.some((one) => shown.includes(one));
      },
    ),
  );
});
