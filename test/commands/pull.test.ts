/** `pull`: docker’s words around it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, shortId } from '#core/digest.ts';
import { parseReference } from '#core/reference.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const layer = digestOf('layer');
const manifest = { mediaType: 'm', digest: digestOf('manifest'), size: 9 };

function pulling(changed: boolean) {
  return fakeEngine({
    pull: async (name, options) => {
      options?.events?.({
        kind: 'transfer',
        direction: 'pull',
        digest: layer,
        state: changed ? 'done' : 'exists',
        current: 1,
      });
      return { reference: { ...parseReference(name), tag: 'latest' }, manifest, changed };
    },
  });
}

test('a pull without a tag', async () => {
  const engine = pulling(true);
  assert.deepEqual(await runCommand(['pull', 'ubuntu'], { engine }), {
    exitCode: 0,
    stdout: `Using default tag: latest
latest: Pulling from library/ubuntu
${shortId(layer)}: Pull complete
Digest: ${manifest.digest}
Status: Downloaded newer image for ubuntu:latest
docker.io/library/ubuntu:latest
`,
    stderr: '',
  });
  assert.equal(engine.disposed, true);
});

test('an image that is here already, from another registry', async () => {
  const { stdout } = await runCommand(['pull', 'localhost:5000/a/b:latest'], {
    engine: pulling(false),
  });
  assert.equal(
    stdout,
    `latest: Pulling from a/b
${shortId(layer)}: Already exists
Digest: ${manifest.digest}
Status: Image is up to date for localhost:5000/a/b:latest
localhost:5000/a/b:latest
`,
  );
});

test('quietly: the name only', async () => {
  const { stdout } = await runCommand(['pull', '-q', 'ubuntu'], { engine: pulling(true) });
  assert.equal(stdout, 'docker.io/library/ubuntu:latest\n');
});

test('all tags: each with its words, one status', async () => {
  const engine = fakeEngine({
    remoteTags: async () => ['1', '2'],
    pull: async (name) => ({ reference: parseReference(name), manifest, changed: false }),
  });
  const { stdout } = await runCommand(['pull', '-a', 'localhost:5000/app'], { engine });
  assert.equal(
    stdout,
    `1: Pulling from app
Digest: ${manifest.digest}
2: Pulling from app
Digest: ${manifest.digest}
Status: Image is up to date for localhost:5000/app
localhost:5000/app
`,
  );
});

test('all tags and a tag: refused in docker’s words', async () => {
  const { exitCode, stderr } = await runCommand(['pull', '-a', 'app:1'], {
    engine: pulling(true),
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /tag can't be used with --all-tags\/-a/);
});
