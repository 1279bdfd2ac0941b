/** Folded parts of a log: what the plain display writes for CI systems. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GITHUB_SECTIONS, gitlabSections } from '#cli/progress/ci-sections.ts';
import { PlainProgress } from '#cli/progress/plain.ts';

test('GitHub: each part of the log between its lines, the summary outside', () => {
  let text = '';
  const display = new PlainProgress((shown) => {
    text += shown;
  }, GITHUB_SECTIONS);
  const started = { kind: 'vertex-started', atMs: 0 } as const;
  const done = { kind: 'vertex-finished', outcome: 'done', atMs: 100 } as const;
  display.sink({ ...started, vertex: 1, name: 'at 100%' });
  display.sink({ ...started, vertex: 2, name: 'two' });
  display.sink({ ...done, vertex: 2 });
  display.sink({ ...done, vertex: 1 });
  display.finish();
  assert.equal(
    text,
    `::group::#1 at 100%25
#1 ...
::endgroup::

::group::#2 two
#2 DONE 0.1s
::endgroup::

::group::#1 at 100%25
#1 DONE 0.1s
::endgroup::
`,
  );
});

test('GitLab: names that do not repeat, and the time', () => {
  const sections = gitlabSections(() => 1_700_000_000_900);
  const shown = [sections.open('a'), sections.close(), sections.open('b')].join('');
  assert.equal(
    shown,
    '\x1b[0Ksection_start:1700000000:slipway_1\r\x1b[0Ka\n' +
      '\x1b[0Ksection_end:1700000000:slipway_1\r\x1b[0K\n' +
      '\x1b[0Ksection_start:1700000000:slipway_2\r\x1b[0Kb\n',
  );
});
