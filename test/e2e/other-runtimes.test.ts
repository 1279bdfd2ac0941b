/** `--runtime`: builds and containers through crun and runc, the same image as through our own launcher. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { findRuntime } from '#runtime/oci-cli.ts';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { slipway } from '#test/helpers/cli-process.ts';
import { canContain } from '#test/helpers/containers.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const DOCKERFILE = `${BUSYBOX_BASE}
RUN mkdir -p /a/b && echo one > /a/b/one && chmod 700 /a && ln -s b /a/c
RUN rm /a/b/one && echo two > /a/b/two
`;

function isUnfit(t: TestContext): boolean {
  const reason = busyboxUnfit();
  if (reason !== undefined) t.skip(reason);
  return reason !== undefined || !canContain(t);
}

function pathOf(name: string): string | undefined {
  try {
    return findRuntime(name, process.env.PATH ?? '');
  } catch {
    return undefined;
  }
}

for (const name of ['crun', 'runc']) {
  test(`${name} builds the image that our launcher builds, and runs it`, async (t) => {
    if (isUnfit(t)) return;
    const program = pathOf(name);
    if (program === undefined) {
      t.skip(`needs ${name}`);
      return;
    }
    using folder = tempFolder();
    const context = folder.at('context');
    writeContext(context, DOCKERFILE);
    const environment = { SOURCE_DATE_EPOCH: '1700000000' };
    const ids: string[] = [];
    for (const [root, flags] of [
      ['ours', []],
      ['theirs', ['--runtime', program]],
    ] as const) {
      const options = { root: folder.at(root), environment };
      const built = await slipway(['build', '-q', '-t', 't', ...flags, context], options);
      assert.equal(built.exitCode, 0, built.stderr);
      ids.push(built.stdout.trim());
    }
    assert.equal(ids[0], ids[1]);
    const root = folder.at('theirs');
    const ran = await slipway(['run', '--runtime', program, 't', 'cat', '/a/c/two'], { root });
    assert.deepEqual(ran, { exitCode: 0, stdout: 'two\n', stderr: '' });
    const chosen = { root, environment: { SLIPWAY_RUNTIME: program } };
    assert.equal((await slipway(['run', 't', 'sh', '-c', 'exit 9'], chosen)).exitCode, 9);
    const missing = await slipway(['run', '--runtime', program, 't', 'nosuch'], { root });
    assert.equal(missing.exitCode, 127);
    assert.match(missing.stderr, /exec: "nosuch": executable file not found in \$PATH/);
  });
}

test('an unknown runtime is refused before anything is built', async () => {
  using folder = tempFolder();
  writeContext(folder.at('context'), 'FROM scratch\n');
  const build = ['build', '--runtime', 'nosuch', folder.at('context')];
  const { exitCode, stderr } = await slipway(build, { root: folder.at('root') });
  assert.equal(exitCode, 1);
  assert.match(stderr, /unknown or invalid runtime name: nosuch/);
});

test('a runtime for a chroot is refused before anything is built', async () => {
  using folder = tempFolder();
  writeContext(folder.at('context'), 'FROM scratch\n');
  const flags = ['--runtime', 'runc', '--isolation', 'chroot'];
  for (const command of [
    ['build', ...flags, folder.at('context')],
    ['run', ...flags, 'image'],
  ]) {
    const { exitCode, stderr } = await slipway(command, { root: folder.at('root') });
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /--runtime runc and --isolation chroot exclude each other/);
  }
});
