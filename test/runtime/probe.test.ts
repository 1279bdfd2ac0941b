/** The probe's answers: decoded strictly, and tried for real on two kinds of file systems. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import test from 'node:test';
import { parseProbe, probe } from '#runtime/probe.ts';
import { canContain, contained } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const WORKS = { works: true };
const ANSWER = {
  overlay: WORKS,
  erofsFile: {
    works: false,
    error: {
      status: 'error',
      exitCode: 125,
      errno: 2,
      stage: 'rootfs',
      reason: 'No such file or directory',
      call: 'mount erofs',
      path: '/x',
      hint: '',
    },
  },
  erofsRamfs: WORKS,
  erofsLoop: WORKS,
  erofs: 'ramfs',
  userNamespace: WORKS,
  container: WORKS,
  chroot: WORKS,
  inUserNamespace: true,
  cgroup: { version: 'hybrid', v1: ['memory'], v2: [] },
};

test('an answer is decoded with its reasons', () => {
  const decoded = parseProbe(JSON.stringify(ANSWER));
  assert.equal(decoded.erofs, 'ramfs');
  assert.deepEqual(decoded.overlay, WORKS);
  assert.equal(decoded.erofsFile.error?.errno, 'ENOENT');
  assert.equal(decoded.erofsFile.error?.reason, 'no such file or directory');
  assert.equal(decoded.inUserNamespace, true);
  assert.deepEqual(decoded.cgroup, ANSWER.cgroup);
});

test('an answer of another shape is refused', () => {
  for (const change of [
    { erofs: 'disk' },
    { erofsLoop: undefined },
    { overlay: undefined },
    { erofsFile: { works: false } },
  ]) {
    assert.throws(() => parseProbe(JSON.stringify({ ...ANSWER, ...change })), {
      code: 'JSON_INVALID',
    });
  }
});

test('a helper that is not there is HELPER_MISSING, with the way to build it', async () => {
  await assert.rejects(probe({ helper: '/nonexistent/helper', store: '/' }), {
    code: 'HELPER_MISSING',
    hint: 'build it with: make -C native',
  });
});

contained('a store folder is probed and left as it was', async () => {
  using folder = tempFolder();
  const answer = await probe({ helper: HELPER_PROGRAM, store: folder.path });
  assert.deepEqual(readdirSync(folder.path), []);
  // Where one of the ways works, the answer is it; where none does, each says why.
  const ways = { file: answer.erofsFile, ramfs: answer.erofsRamfs, loop: answer.erofsLoop };
  if (answer.erofs === 'none') assert.ok(Object.values(ways).every(({ error }) => error));
  else assert.deepEqual(ways[answer.erofs], WORKS);
});

test('on tmpfs an image cannot be mounted as a file; the probe says so and cleans up', async (t) => {
  if (!canContain(t)) return;
  if (!existsSync('/dev/shm')) {
    t.skip('needs a tmpfs on /dev/shm');
    return;
  }
  const store = mkdtempSync('/dev/shm/slipway-test-');
  try {
    const answer = await probe({ helper: HELPER_PROGRAM, store });
    assert.notEqual(answer.erofs, 'file');
    assert.equal(answer.erofsFile.works, false);
    assert.deepEqual(readdirSync(store), []);
  } finally {
    rmSync(store, { recursive: true });
  }
});
