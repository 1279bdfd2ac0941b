/**
 * docker's answers to wrong Dockerfiles (../shared/suites/instructions-errors.json), asked of whole
 * builds: what the parser, the planner and the steps refuse together. Each row has docker's text.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import { positionAt, type Range, type SourceFile } from '#core/source.ts';
import { withEngine } from '#test/helpers/engine.ts';
import { hasSuites, readSuite } from '#test/helpers/suites.ts';

/** Where ours differs on purpose: our text instead of docker's. */
const OURS: ReadonlyMap<string, string> = new Map([
  // docker tells of its own graph format.
  ['failed to marshal LLB definition: arguments are required', 'arguments are required'],
  // docker's parser of symbolic modes says no more than this.
  ['invalid syntax', "invalid chmod parameter: 'zzz'"],
  // The peer asked was older than Dockerfile 1.20.
  [
    'dockerfile parse error on line 2: unknown flag: --security',
    'failed to load LLB: security.insecure is not allowed',
  ],
]);

interface Row {
  readonly dockerfile: string;
  readonly error?: string;
  readonly line?: number;
}

test('every row that docker refuses is refused in its words, at its line', async (t) => {
  if (!hasSuites()) return t.skip('no ../shared/suites: the reference data is not here');
  const { cases } = readSuite<{ readonly cases: readonly Row[] }>('instructions-errors.json');
  const refused = cases.filter(({ error }) => error !== undefined);
  await withEngine({ helper: '/nonexistent/helper' }, async ({ context, build }) => {
    for (const { dockerfile, error = '', line } of refused) {
      await t.test(JSON.stringify(dockerfile), async () => {
        const folder = context({ Dockerfile: dockerfile, a: 'a', x: 'x' });
        const problem = await build({ context: folder }).then(
          () => assert.fail('it was built'),
          (thrown: unknown) => thrown,
        );
        assert.ok(isSlipwayError(problem), String(problem));
        assert.equal(withoutHint(problem.message), withoutHint(OURS.get(error) ?? error));
        if (line !== undefined) assert.equal(lineOf(problem), line);
      });
    }
  });
});

/** "(did you mean …?)" is optional in the suite. */
function withoutHint(message: string): string {
  return message.replace(/ \(did you mean .*\?\)$/, '');
}

function lineOf({ detail }: SlipwayError): number | undefined {
  const { source, range } = detail as { source?: SourceFile; range?: Range };
  return source && range ? positionAt(source, range.start).line : undefined;
}
