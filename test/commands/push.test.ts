/** `push`: docker's lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, shortId } from '#core/digest.ts';
import { parseReference, withDefaultTag } from '#core/reference.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const layer = digestOf('layer');
const manifest = { mediaType: 'm', digest: digestOf('manifest'), size: 1234 };
const engine = fakeEngine({
  push: async (name, options) => {
    options?.events?.({
      kind: 'transfer',
      direction: 'push',
      digest: layer,
      state: 'done',
      current: 1,
    });
    return { reference: withDefaultTag(parseReference(name)), manifest };
  },
});

test('with progress', async () => {
  const { stdout } = await runCommand(['push', 'localhost:5000/app'], { engine });
  assert.equal(
    stdout,
    `Using default tag: latest
The push refers to repository [localhost:5000/app]
${shortId(layer)}: Pushed
latest: digest: ${manifest.digest} size: 1234
`,
  );
});

test('quietly', async () => {
  const { stdout } = await runCommand(['push', '-q', 'localhost:5000/app:1'], { engine });
  assert.equal(stdout, 'localhost:5000/app:1\n');
});
