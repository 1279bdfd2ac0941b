/**
 * What a running container stands on cannot be collected: the layers' tars are devices of its mounted
 * root. And a real root file system works in it. With the real command; needs root.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { type CliOutcome, slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { debianTar } from '#test/helpers/debian-tar.ts';
import { leaksSettled, traces } from '#test/helpers/leaks.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const SNAPSHOTTERS = ['erofs', 'folders'];

function on(root: string, snapshotter?: string) {
  const environment = snapshotter === undefined ? {} : { SLIPWAY_SNAPSHOTTER: snapshotter };
  return { root, temporary: join(dirname(root), 'tmp'), environment };
}

async function good(root: string, ...argv: readonly string[]): Promise<CliOutcome> {
  const outcome = await slipway(argv, on(root));
  assert.equal(outcome.exitCode, 0, `slipway ${argv.join(' ')}\n${outcome.stderr}`);
  return outcome;
}

/** A folder in which nothing may be left running or mounted. */
async function inFolder(work: (folder: TempFolder) => Promise<void>): Promise<void> {
  using folder = tempFolder();
  const places = { roots: [folder.path], temporary: folder.at('tmp') };
  mkdirSync(places.temporary);
  const before = traces(places);
  await work(folder);
  assert.deepEqual(await leaksSettled(before, places), []);
}

function canRun(t: TestContext): boolean {
  const unfit = busyboxUnfit();
  if (unfit !== undefined) t.skip(unfit);
  return unfit === undefined;
}

for (const snapshotter of SNAPSHOTTERS) {
  test(`${snapshotter}: gc leaves the layers of a running container, and takes them afterwards`, async (t) => {
    if (!canRun(t)) return;
    await inFolder(async (folder) => {
      const near = folder.at('near');
      const context = writeContext(folder.at('context'), `${BUSYBOX_BASE}COPY note /note\n`, {
        note: 'still here\n',
      });
      await good(near, 'build', '-q', '-t', 'app', context);
      await good(near, 'save', '-o', folder.at('app.tar'), 'app');
      // In a store of its own, where no build's cache holds the layers too.
      const root = folder.at('store');
      await good(root, 'load', '-i', folder.at('app.tar'));
      const { stdout } = await good(root, 'inspect', '-f', '{{json .RootFS.Layers}}', 'app');
      const tars = [...stdout.matchAll(/sha256:([0-9a-f]{64})/g)].map(([, hex]) =>
        join(root, 'blobs/sha256', hex ?? ''),
      );
      assert.ok(tars.length >= 3);
      const script = 'echo ready; sleep 600';
      const running = startSlipway(['run', 'app', 'sh', '-c', script], on(root, snapshotter));
      assert.equal(await running.firstLine, 'ready');
      await good(root, 'rmi', '-f', 'app');
      await good(root, 'system', 'gc');
      assert.deepEqual(
        tars.filter((tar) => !existsSync(tar)),
        [],
      );
      running.kill('SIGTERM');
      await running.outcome;
      await good(root, 'system', 'gc');
      assert.deepEqual(
        tars.filter((tar) => existsSync(tar)),
        [],
      );
    });
  });

  test(`${snapshotter}: bash, dpkg and perl of a real Debian run`, async (t) => {
    if (!canRun(t)) return;
    const tar = await debianTar();
    if (typeof tar === 'string') return t.skip(tar);
    await inFolder(async (folder) => {
      const root = folder.at('store');
      const context = folder.at('context');
      mkdirSync(context);
      writeFileSync(join(context, 'debian.tar'), tar);
      writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nADD debian.tar /\n');
      await good(root, 'build', '-q', '-t', 'debian', context);
      const script =
        'set -e; dpkg --verify; dpkg-query -W dpkg | cut -f1; perl -e \'print "perl\\n"\'; touch /new; ls /new';
      const ran = await slipway(['run', 'debian', 'bash', '-c', script], on(root, snapshotter));
      assert.equal(ran.exitCode, 0, ran.stderr);
      assert.equal(ran.stdout, 'dpkg\nperl\n/new\n');
    });
  });
}
