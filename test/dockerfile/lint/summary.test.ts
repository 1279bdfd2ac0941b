/** Findings as docker prints them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lint } from '#dockerfile/lint/engine.ts';
import { checkDocument, formatCheck } from '#dockerfile/lint/summary.ts';
import { checkSubject } from '#test/helpers/build-check.ts';

function found(text: string) {
  const subject = checkSubject(text);
  return [lint(subject), subject.dockerfile.file] as const;
}

const URL = 'https://docs.docker.com/go/dockerfile/rule';

test('a check shows each finding in its lines, with the caret at the exact place', () => {
  assert.equal(
    formatCheck(...found('FROM a as b\nENV A=1 \\\n  B=$c\n')),
    `Check complete, 2 warnings have been found!

WARNING: FromAsCasing - ${URL}/from-as-casing/
'as' and 'FROM' keywords' casing do not match
Dockerfile:1
--------------------
   1 | >>> FROM a as b
     |            ^^
   2 |     ENV A=1 \\
   3 |       B=$c
--------------------

WARNING: UndefinedVar - ${URL}/undefined-var/
Usage of undefined variable '$c'
Dockerfile:2
--------------------
   1 |     FROM a as b
   2 | >>> ENV A=1 \\
   3 | >>>   B=$c
     |         ^^
   4 |
--------------------
`,
  );
});

test('a check without findings says so, one finding has its grammar', () => {
  assert.equal(formatCheck(...found('FROM a')), 'Check complete, no warnings found.\n');
  assert.match(
    formatCheck(...found('FROM a as b')),
    /^Check complete, 1 warning has been found!\n/,
  );
});

test('the document has a range for each line of a statement', () => {
  const text = 'FROM a\nCMD x \\\n  y';
  assert.deepEqual(checkDocument(...found(text)), {
    warnings: [
      {
        ruleName: 'JSONArgsRecommended',
        description:
          'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
        url: `${URL}/json-args-recommended/`,
        detail:
          'JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
        location: {
          ranges: [
            { start: { line: 2 }, end: { line: 2 } },
            { start: { line: 3 }, end: { line: 3 } },
          ],
        },
      },
    ],
    sources: [
      {
        filename: 'Dockerfile',
        data: Buffer.from(text).toString('base64'),
        language: 'Dockerfile',
      },
    ],
  });
});
