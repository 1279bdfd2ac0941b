/** `inspect`: an array of what was found, an error for what was not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const app = imageSummary('app', { tags: ['app:1'] });
const engine = fakeEngine({
  inspect: async (name) => {
    if (name === 'app') return app;
    throw new SlipwayError('IMAGE_UNKNOWN', `No such image: ${name}`);
  },
});

test('found and not found', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['inspect', 'app', 'nosuch', 'app'], {
    engine,
  });
  assert.equal(exitCode, 1);
  assert.equal(stderr, 'ERROR: No such image: nosuch\n');
  assert.deepEqual(
    JSON.parse(stdout).map(({ Id }: { Id: string }) => Id),
    [app.imageId, app.imageId],
  );
  assert.match(stdout, /^\[\n {4}\{\n {8}"Id": /);
});

test('a format', async () => {
  const { stdout } = await runCommand(['inspect', '-f', '{{.Id}} {{json .Config.Cmd}}', 'app'], {
    engine,
  });
  assert.equal(stdout, `${app.imageId} ["/bin/sh"]\n`);
});
