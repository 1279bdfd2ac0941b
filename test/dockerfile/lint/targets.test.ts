/** The stages of a file as `--call=targets` shows them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTargets, listTargets, targetsDocument } from '#dockerfile/lint/targets.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

const listed = (text: string) => listTargets(parseDockerfile({ name: 'Dockerfile', text }));
const TEXT = `# build compiles it
FROM --platform=$BUILDPLATFORM a:$V AS Build
# not a description
FROM b
# app is what is shipped
# second
FROM build \\
  AS app
`;

test('the table names each target, its description and the default', () => {
  assert.equal(
    formatTargets(listed(TEXT)),
    'TARGET        DESCRIPTION\nbuild         compiles it\n              \napp (default) is what is shipped\n',
  );
});

test('a default without a name is called so', () => {
  assert.equal(formatTargets(listed('FROM a')), 'TARGET    DESCRIPTION\n(default) \n');
});

test("the document is docker's", () => {
  const range = (line: number) => ({ start: { line }, end: { line } });
  assert.deepEqual(targetsDocument(listed(TEXT)), {
    targets: [
      {
        name: 'build',
        description: 'compiles it',
        base: 'a:$V',
        platform: '$BUILDPLATFORM',
        location: { ranges: [range(2)] },
      },
      { base: 'b', location: { ranges: [range(4)] } },
      {
        name: 'app',
        default: true,
        description: 'is what is shipped',
        base: 'build',
        location: { ranges: [range(7), range(8)] },
      },
    ],
    sources: [Buffer.from(TEXT).toString('base64')],
  });
});
