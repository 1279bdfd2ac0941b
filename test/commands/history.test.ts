/** `history`: its flags reach the rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const app = imageSummary('app', { tags: ['app:1'] });
const asked: unknown[] = [];
const engine = fakeEngine({
  inspect: async (name, options) => {
    asked.push(options);
    if (name === 'app') return app;
    throw new SlipwayError('IMAGE_UNKNOWN', `No such image: ${name}`);
  },
});

async function history(...argv: readonly string[]): Promise<string> {
  const outcome = await runCommand(['history', ...argv], { engine });
  assert.deepEqual([outcome.exitCode, outcome.stderr], [0, '']);
  return outcome.stdout;
}

test('human unless told otherwise', async () => {
  assert.match(await history('app'), /^IMAGE +CREATED +CREATED BY .* 1\.98MB /s);
  assert.match(await history('--human=false', 'app'), /^IMAGE +CREATED AT .* 1982256 /s);
  assert.match(await history('-H', 'app'), / 1\.98MB /);
});

test('IDs and formats', async () => {
  assert.equal(await history('-q', '--no-trunc', 'app'), `${app.imageId}\n`);
  assert.equal(
    await history('--format', '{{.CreatedBy}}: {{.Size}}', 'app'),
    'COPY busybox /bin/ # buildkit: 1.98MB\n',
  );
});

test('a platform, as image history too', async () => {
  const outcome = await runCommand(['image', 'history', '--platform', 'linux/arm64', 'app'], {
    engine,
  });
  assert.equal(outcome.exitCode, 0);
  assert.deepEqual(asked.at(-1), { platform: { os: 'linux', architecture: 'arm64' } });
});

test('what is not here', async () => {
  assert.deepEqual(await runCommand(['history', 'nosuch'], { engine }), {
    exitCode: 1,
    stdout: '',
    stderr: 'ERROR: No such image: nosuch\n',
  });
});
