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

test('all tags, each with its line', async () => {
  const all = fakeEngine({
    pushAll: async (name, options) => {
      const results = ['1', '2'].map((tag) => ({
        reference: { ...parseReference(name), tag },
        manifest,
      }));
      for (const result of results) options?.onPushed?.(result);
      return results;
    },
  });
  const { stdout } = await runCommand(['push', '-a', 'localhost:5000/app'], { engine: all });
  assert.equal(
    stdout,
    `The push refers to repository [localhost:5000/app]
1: digest: ${manifest.digest} size: 1234
2: digest: ${manifest.digest} size: 1234
`,
  );
});

test('one platform only', async () => {
  const asked: unknown[] = [];
  const one = fakeEngine({
    push: async (name, options) => {
      asked.push(options?.platform);
      return { reference: withDefaultTag(parseReference(name)), manifest };
    },
  });
  await runCommand(['push', '-q', '--platform', 'linux/arm64', 'a/b'], { engine: one });
  assert.deepEqual(asked, [{ os: 'linux', architecture: 'arm64' }]);
});
