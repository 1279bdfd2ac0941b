/** `copy`: its lines, its plan, and what it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, shortId } from '#core/digest.ts';
import type { CopyRequest } from '#core/image-copy.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const layer = digestOf('layer');
const digest = digestOf('manifest');
const asked: unknown[] = [];
const engine = fakeEngine({
  copy: async (from, to, options = {}) => {
    asked.push([from, to, optionsOf(options)]);
    for (const state of ['waiting', 'done'] as const) {
      options.events?.({ kind: 'transfer', direction: 'copy', digest: layer, state, current: 1 });
    }
    const places = ['1', ...(options.moreTags ?? [])].map((tag) => `docker://b/app:${tag}`);
    const copied = { to: places, digest, mediaType: 'm', size: 12 };
    options.onCopied?.(copied);
    return [copied];
  },
  planCopy: async () => ({
    images: [
      {
        from: 'docker://a/app:1',
        to: ['docker://b/app:1', 'docker://b/app:2'],
        ...{ digest, mediaType: 'm', size: 12 },
        ...{ blobs: 5, bytes: 3000, missingBlobs: 3, missingBytes: 2000 },
        ...{ mountableBytes: 500, referrers: 1, changedTags: ['2'] },
      },
    ],
    sendBytes: 1500,
    sendBlobs: 2,
  }),
});

function optionsOf({ platform, allTags, moreTags, noReferrers, noClobber }: CopyRequest) {
  return { platform, allTags, moreTags, noReferrers, noClobber };
}

test('with progress, and a line a tag', async () => {
  const { stdout, exitCode } = await runCommand(['copy', '-t', '2', 'a/app:1', 'b/app:1'], {
    engine,
  });
  assert.equal(exitCode, 0);
  assert.equal(
    stdout,
    `Copying from docker://a/app:1 to docker://b/app:1
${shortId(layer)}: Waiting
${shortId(layer)}: Copied
docker://b/app:1: digest: ${digest} size: 12
docker://b/app:2: digest: ${digest} size: 12
`,
  );
});

test('quietly', async () => {
  const { stdout } = await runCommand(['copy', '-q', 'a/app:1', 'b/app:1'], { engine });
  assert.equal(stdout, 'docker://b/app:1\n');
});

test('flags reach the engine', async () => {
  asked.length = 0;
  const flags = ['-a', '-n', '--no-referrers', '--platform', 'linux/arm64'];
  await runCommand(['copy', ...flags, 'docker://a/app', 'oci:x'], { engine });
  const platform = { os: 'linux', architecture: 'arm64' };
  const options = { platform, allTags: true, moreTags: [], noReferrers: true, noClobber: true };
  assert.deepEqual(asked, [['docker://a/app', 'oci:x', options]]);
});

test('a dry run prints a table, or the plan as JSON', async () => {
  const line = ['copy', '--dry-run', 'a/app:1', 'b/app:1'];
  const { stdout } = await runCommand(line, { engine });
  assert.deepEqual(
    stdout.split('\n').map((text) => text.replaceAll(/ {2,}/g, '|').trimEnd()),
    [
      'SOURCE|DESTINATION|DIGEST|SIZE|MISSING|REFERRERS|TAGS',
      `docker://a/app:1|docker://b/app:1|${shortId(digest)}|3kB|2kB|1|to set: 2`,
      '|docker://b/app:2|',
      '',
      'To send: 1.5kB (1500 bytes) in 2 blobs',
      'Mounted within the registry, where it can: 500B',
      '',
    ],
  );
  const json = await runCommand([...line, '--format', 'json'], { engine });
  assert.equal(JSON.parse(json.stdout).sendBytes, 1500);
});

for (const [what, words, message] of [
  ['one place', ['a/app:1'], /argument/],
  ['a transport of others', ['dir:/x', 'b/app'], /invalid place "dir:\/x"/],
  ['a tag that is none', ['-t', 'a b', 'a/app:1', 'b/app'], /invalid tag "a b"/],
  ['another tag for all tags', ['-a', '-t', 'x', 'a/app', 'b/app'], /--tag cannot be used/],
] as const) {
  test(`${what} is refused`, async () => {
    const { exitCode, stderr } = await runCommand(['copy', ...words], { engine });
    assert.equal(exitCode, 1);
    assert.match(stderr, message);
  });
}
