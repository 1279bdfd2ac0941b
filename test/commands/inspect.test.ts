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
  assert.equal(stderr, 'ERROR: No such object: nosuch\n');
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

test('nothing found: an empty list, for scripts that parse it', async () => {
  assert.deepEqual(await runCommand(['inspect', 'nosuch'], { engine }), {
    exitCode: 1,
    stdout: '[]\n',
    stderr: 'ERROR: No such object: nosuch\n',
  });
  const ofType = await runCommand(['inspect', '--type', 'image', 'nosuch'], { engine });
  assert.equal(ofType.stderr, 'ERROR: No such image: nosuch\n');
  const long = await runCommand(['image', 'inspect', 'nosuch'], { engine });
  assert.deepEqual([long.exitCode, long.stderr], [1, 'ERROR: No such image: nosuch\n']);
});

test('other types are understood and not here', async () => {
  assert.deepEqual(await runCommand(['inspect', '--type=container', 'app']), {
    exitCode: 1,
    stdout: '[]\n',
    stderr: 'ERROR: No such container: app\n',
  });
  const { stderr } = await runCommand(['inspect', '--type=foo', 'app']);
  assert.match(stderr, /^unknown type: "foo": must be one of "config", "container", "image", /);
});

test('--size is accepted, --format json is one line', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['inspect', '-s', '-f', 'json', 'app'], {
    engine,
  });
  assert.deepEqual([exitCode, stderr], [0, 'WARNING: --size ignored for image\n']);
  assert.match(stdout, /^\[\{"Id":"sha256:[^\n]*\}\]\n$/);
});

test('a wrong template is told before anything is looked for', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['inspect', '-f', '{{.Id', 'app']);
  assert.deepEqual([exitCode, stdout], [1, '']);
  assert.equal(stderr, 'ERROR: template parsing error: template: :1: unclosed action\n');
});

test('image inspect takes a platform', async () => {
  const asked: unknown[] = [];
  const watching = fakeEngine({
    inspect: async (_, options) => {
      asked.push(options);
      return app;
    },
  });
  await runCommand(['image', 'inspect', '--platform', 'linux/arm64', 'app'], { engine: watching });
  assert.deepEqual(asked, [{ platform: { os: 'linux', architecture: 'arm64' } }]);
});
