/**
 * A build on a kernel that mounts EROFS from block devices only: everything is real but one word of
 * the probe's answer.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { probe } from '#runtime/probe.ts';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { SLIPWAY } from '#test/helpers/unprivileged.ts';

/** Each step reads what those before it wrote. */
const DOCKERFILE = `${BUSYBOX_BASE}
RUN mkdir /d && echo one > /d/one
RUN cat /d/one > /d/two && rm /d/one
RUN ls /d > /list
`;

/** Answers `probe` as a kernel without file-backed mounts would; all else is the real helper. */
const OLD_KERNEL = `#!/bin/sh
test "$1" = probe || exec '${HELPER_PROGRAM}' "$@"
'${HELPER_PROGRAM}' "$@" | sed 's/"erofs":"[a-z]*"/"erofs":"loop"/'
`;

/** Layers of two builds are equal where their times are. */
const TIMES = { SOURCE_DATE_EPOCH: '1' };

function slipway(args: readonly string[], helper: string): string {
  const env = { ...process.env, SLIPWAY_HELPER: helper, SLIPWAY_SNAPSHOTTER: 'erofs', ...TIMES };
  const { status, stdout, stderr } = spawnSync(SLIPWAY, args, { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('RUN over loop devices makes the layers that RUN over files makes', async (t) => {
  const unfit = busyboxUnfit();
  if (unfit !== undefined) return t.skip(unfit);
  using folder = tempFolder();
  const { erofs, erofsLoop } = await probe({ helper: HELPER_PROGRAM, store: folder.path });
  if (!erofsLoop.works || erofs === 'none') return t.skip('needs EROFS and loop devices');
  const context = writeContext(folder.at('context'), DOCKERFILE);
  const old = folder.at('helper');
  writeFileSync(old, OLD_KERNEL);
  chmodSync(old, 0o755);
  const layers = [HELPER_PROGRAM, old].map((helper, index) => {
    const store = ['--root', folder.at(`store${index}`)];
    slipway([...store, 'build', '-q', '-t', 't', context], helper);
    return slipway([...store, 'inspect', '--format', '{{json .RootFS.Layers}}', 't'], helper);
  });
  const doctor = slipway(['--root', folder.at('store1'), 'doctor'], old);
  assert.match(doctor, /EROFS +mounted by loop/);
  assert.equal(layers[1], layers[0]);
});
