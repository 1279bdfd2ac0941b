/** `search`: docker's table, filters and bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SearchResult } from '#core/search-result.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const FOUND: readonly SearchResult[] = [
  { name: 'few', description: '', stars: 3, isOfficial: false },
  {
    name: 'many',
    description: 'Forty-five letters are shown, not one of them more than that',
    stars: 30,
    isOfficial: true,
  },
];

async function search(argv: readonly string[], calls: unknown[] = []): Promise<string> {
  const engine = fakeEngine({
    search: async (term, { registry, limit } = {}) => {
      calls.push([term, registry, limit]);
      return FOUND;
    },
  });
  const outcome = await runCommand(['search', ...argv], { engine });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  return outcome.stdout;
}

test('docker’s table, most stars first', async () => {
  assert.equal(
    await search(['x']),
    `NAME      DESCRIPTION                                     STARS     OFFICIAL
many      Forty-five letters are shown, not one of the…   30        [OK]
few                                                       3         
`,
  );
});

test('--no-trunc, --format', async () => {
  assert.match(await search(['--no-trunc', 'x']), /not one of them more than that {3}30/);
  assert.equal(
    await search(['--format', '{{.Name}} {{.StarCount}}{{.IsOfficial}}', 'x']),
    'many 30[OK]\nfew 3\n',
  );
  assert.equal(
    (await search(['--format', 'json', 'x'])).split('\n')[1],
    '{"Description":"","IsOfficial":"false","Name":"few","StarCount":"3"}',
  );
});

test('filters', async () => {
  const names = (...filters: string[]) =>
    search([...filters.flatMap((filter) => ['-f', filter]), '--format', '{{.Name}}', 'x']);
  assert.equal(await names('stars=3'), 'many\nfew\n');
  assert.equal(await names('stars=4'), 'many\n');
  assert.equal(await names('is-official=false'), 'few\n');
  assert.equal(await names('stars=4', 'is-official=false'), '');
  assert.equal(await names('is-automated=true'), '');
  assert.equal(await names('is-automated=false'), 'many\nfew\n');
});

test('what it asks for', async () => {
  const calls: unknown[] = [];
  await search(['nginx'], calls);
  await search(['--limit', '5', 'house:5000/team/app'], calls);
  await search(['--limit=0', 'nginx'], calls);
  assert.deepEqual(calls, [
    ['nginx', undefined, undefined],
    ['team/app', 'house:5000', 5],
    ['nginx', undefined, undefined],
  ]);
});

for (const [argv, message] of [
  [['--limit', '101'], 'limit 101 is outside the range of [1, 100]'],
  [['--limit=-1'], 'limit -1 is outside the range of [1, 100]'],
  [['--limit', 'x'], 'invalid argument "x" for "--limit" flag: not a number'],
  [['-f', 'color=red'], "invalid filter 'color'"],
  [['-f', 'stars=many'], "invalid filter 'stars=many'"],
  [['-f', 'is-official'], "invalid filter 'is-official='"],
] as const) {
  test(`${argv.join(' ')}: refused`, async () => {
    const outcome = await runCommand(['search', ...argv, 'x']);
    assert.equal(outcome.exitCode, 1);
    assert.ok(outcome.stderr.startsWith(message), outcome.stderr);
  });
}
