/**
 * Packing a folder: the helper and its TypeScript twin must give the same bytes, and GNU tar must see
 * in them what is in the folder.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  createReadStream,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { indexTar } from '#layer/index-tar.ts';
import { packFolder } from '#layer/pack.ts';
import { HostBatch, hasPython, hostCalls } from '#test/helpers/host-calls.ts';
import { nativeHelper } from '#test/helpers/native-helper.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { describeTree, isRoot, makeTortureTree } from '#test/helpers/torture-tree.ts';

function tar(...args: string[]): string {
  const result = spawnSync('tar', args);
  assert.equal(result.status, 0, result.stderr.toString());
  return result.stdout.toString('latin1');
}

function sha256(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Where a twin puts its tar and its index. */
function places(folder: TempFolder, twin: 'native' | 'twin') {
  return { output: folder.at(`${twin}.tar`), index: folder.at(`${twin}.index`) };
}

/** Both indexes are what indexing the finished tar gives. */
async function assertIndexes(folder: TempFolder): Promise<void> {
  const { index } = await indexTar(createReadStream(folder.at('native.tar')));
  for (const twin of ['native', 'twin']) {
    const made = readFileSync(folder.at(`${twin}.index`));
    assert.ok(made.equals(index), `the index of ${twin} differs from that of the tar`);
  }
}

test('the torture tree: both twins write the same bytes, and GNU tar unpacks the same tree', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  if (!hasPython()) return t.skip('needs python3 for devices and attributes');
  if (!isRoot) t.diagnostic('not root: without devices, foreign owners and privileged attributes');
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  mkdirSync(folder.at('out'));
  makeTortureTree(folder.at('tree'));
  const options = { folder: folder.at('tree'), overlay: false };
  const native = await helper.pack({ ...options, ...places(folder, 'native') });
  const host = hostCalls(folder.at('tree'));
  const twin = await packFolder({ ...options, ...places(folder, 'twin'), host });
  assert.deepEqual(native, twin);
  await assertIndexes(folder);
  assert.equal(native.digest, sha256(readFileSync(folder.at('native.tar'))));
  assert.equal(native.size, statSync(folder.at('native.tar')).size);
  assert.equal(native.digest, sha256(readFileSync(folder.at('twin.tar'))));
  tar('--xattrs', '--xattrs-include=*', '-xpf', folder.at('native.tar'), '-C', folder.at('out'));
  const expected = describeTree(folder.at('tree'), { wholeSeconds: true });
  assert.deepEqual(describeTree(folder.at('out'), { wholeSeconds: true }), expected);
  assert.equal(native.entries, expected.length);
});

test('sha256 of every length from 0 to 300, and the vectors of FIPS 180-4', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  // The tar of one file has 1,536 bytes and more; the hash is tried at every length by the scan.
  mkdirSync(folder.at('tree'));
  const contents = Array.from({ length: 301 }, (_, i) => Buffer.alloc(i, i % 251));
  contents.push(
    Buffer.from('abc'),
    Buffer.from('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    Buffer.alloc(1_000_000, 'a'),
  );
  for (const [i, content] of contents.entries()) {
    writeFileSync(folder.at('tree', `f${String(i).padStart(4, '0')}`), content);
  }
  const { entries } = await helper.scan({ root: folder.at('tree') });
  assert.deepEqual(
    entries.map(({ digest }) => digest),
    contents.map(sha256),
  );
  assert.equal(
    entries[301]?.digest,
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  assert.equal(
    entries[303]?.digest,
    'sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  );
});

test('the order is depth first by bytes, and the root is no entry', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('tree/a'), { recursive: true });
  for (const name of ['a/x', 'a-b', 'Z', 'a.b']) writeFileSync(folder.at('tree', name), '');
  await helper.pack({ folder: folder.at('tree'), overlay: false, output: folder.at('t.tar') });
  assert.equal(tar('-tf', folder.at('t.tar')), 'Z\na/\na/x\na-b\na.b\n');
});

test('an empty folder, and one whose names fill many blocks: the same index', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  for (const count of [0, 1, 3_000]) {
    using folder = tempFolder();
    mkdirSync(folder.at('tree'));
    for (let i = 0; i < count; i++) {
      const name = `${i % 7 === 0 ? '!' : '~'}${'n'.repeat(i % 250)}${i}`.slice(-255);
      writeFileSync(folder.at('tree', name), Buffer.alloc(i % 1_100));
    }
    const options = { folder: folder.at('tree'), overlay: false };
    const native = await helper.pack({ ...options, ...places(folder, 'native') });
    assert.deepEqual(native, await packFolder({ ...options, ...places(folder, 'twin') }));
    await assertIndexes(folder);
  }
});

test('SOURCE_DATE_EPOCH is the latest time, and earlier times stay', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  writeFileSync(folder.at('tree/new'), '');
  writeFileSync(folder.at('tree/old'), '');
  utimesSync(folder.at('tree/old'), 1000, 1000);
  const options = { folder: folder.at('tree'), overlay: false, sourceDateEpoch: 2000 };
  const native = await helper.pack({ ...options, output: folder.at('native.tar') });
  const twin = await packFolder({ ...options, output: folder.at('twin.tar') });
  assert.equal(native.digest, twin.digest);
  const listing = tar('--utc', '--full-time', '-tvf', folder.at('native.tar'));
  assert.match(listing, /1970-01-01 00:33:20 new\n.*1970-01-01 00:16:40 old\n/);
});

test('a socket is left out with a warning', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  await using server = createServer();
  await new Promise<void>((resolve) => server.listen(folder.at('tree/socket'), resolve));
  const options = { folder: folder.at('tree'), overlay: false };
  const native = await helper.pack({ ...options, output: folder.at('native.tar') });
  const twin = await packFolder({ ...options, output: folder.at('twin.tar') });
  assert.deepEqual(native, twin);
  assert.equal(native.entries, 0);
  assert.deepEqual(native.warnings, [
    { message: 'a socket does not belong into a layer: left out', path: 'socket' },
  ]);
});

test('refusals are the same in both twins, and leave no tar behind', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('whiteout'));
  writeFileSync(folder.at('whiteout/.wh.x'), '');
  mkdirSync(folder.at('inside'));
  const cases = [
    { folder: 'whiteout', output: 'out.tar', code: 'ENTRY_REFUSED' },
    { folder: 'inside', output: 'inside/out.tar', code: 'ENTRY_REFUSED' },
    { folder: 'missing', output: 'out.tar', code: 'FILE_MISSING' },
    { folder: 'whiteout/.wh.x', output: 'out.tar', code: 'FILE_UNUSABLE' },
    { folder: 'inside', output: 'no/such/out.tar', code: 'FILE_MISSING' },
    { folder: 'whiteout', output: 'inside', code: 'FILE_UNUSABLE' },
  ] as const;
  for (const { folder: name, output, code } of cases) {
    const options = { folder: folder.at(name), overlay: false, output: folder.at(output) };
    for (const pack of [() => helper.pack(options), () => packFolder(options)]) {
      await assert.rejects(pack, (error) => isSlipwayError(error, code), `${name} → ${output}`);
    }
  }
  assert.equal(statSync(folder.at('out.tar')).size, 0);
});

test('no space for the tar: DISK_FULL', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  writeFileSync(folder.at('tree/x'), Buffer.alloc(3_000_000));
  const options = { folder: folder.at('tree'), overlay: false, output: '/dev/full' };
  await assert.rejects(helper.pack(options), (error) => isSlipwayError(error, 'DISK_FULL'));
});

test('a file that shrinks while it is read is an error, never a wrong header', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  // Files of sysfs say 4,096 bytes and give fewer: they always "shrink".
  const bind = spawnSync('mount', ['--bind', '/sys/kernel/mm', folder.at('tree')]);
  if (bind.status !== 0) return t.skip('needs root: binds a folder of /sys');
  try {
    const options = { folder: folder.at('tree'), overlay: false };
    const isChanged = (error: unknown) => isSlipwayError(error, 'FILE_CHANGED');
    await assert.rejects(helper.pack({ ...options, output: folder.at('n.tar') }), isChanged);
    await assert.rejects(packFolder({ ...options, output: folder.at('t.tar') }), isChanged);
  } finally {
    spawnSync('umount', [folder.at('tree')]);
  }
});

test('an overlay upper: deletions and replaced directories become whiteouts', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  if (!hasPython()) return t.skip('needs python3 for attributes');
  using folder = tempFolder();
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(folder.at(name));
  mkdirSync(folder.at('lower/replaced/deep'), { recursive: true });
  mkdirSync(folder.at('lower/changed'));
  for (const name of ['gone1', 'gone2', 'changed/gone', 'changed/kept', 'replaced/old']) {
    writeFileSync(folder.at('lower', name), name);
  }
  const lowerOptions = `lowerdir=${folder.at('lower')},upperdir=${folder.at('upper')}`;
  const mounted = spawnSync('mount', [
    ...['-t', 'overlay', 'overlay', '-o'],
    `${lowerOptions},workdir=${folder.at('work')},redirect_dir=nofollow,metacopy=off,index=off`,
    folder.at('merged'),
  ]);
  if (mounted.status !== 0) return t.skip('needs root: mounts an overlay');
  try {
    for (const name of ['gone1', 'gone2', 'changed/gone', 'replaced']) {
      rmSync(folder.at('merged', name), { recursive: true });
    }
    mkdirSync(folder.at('merged/replaced'));
    writeFileSync(folder.at('merged/replaced/new'), 'new');
    appendFileSync(folder.at('merged/changed/kept'), ' and changed');
    const batch = new HostBatch();
    batch.xattr(Buffer.from(folder.at('merged/changed')), 'user.mine', 'kept');
    batch.run();
  } finally {
    spawnSync('umount', [folder.at('merged')]);
  }
  const options = { folder: folder.at('upper'), overlay: true };
  const native = await helper.pack({ ...options, ...places(folder, 'native') });
  const host = hostCalls(folder.at('upper'));
  const twin = await packFolder({ ...options, ...places(folder, 'twin'), host });
  assert.deepEqual(native, twin);
  await assertIndexes(folder);
  assert.equal(
    tar('-tf', folder.at('native.tar')),
    'changed/\nchanged/.wh.gone\nchanged/kept\n.wh.gone1\n.wh.gone2\n' +
      'replaced/\nreplaced/.wh..wh..opq\nreplaced/new\n',
  );
  const bytes = readFileSync(folder.at('native.tar')).toString('latin1');
  assert.ok(bytes.includes('SCHILY.xattr.user.mine=kept\n'));
  assert.ok(!bytes.includes('overlay.'), 'a mark of overlay is in the tar');
  const again = { ...options, output: folder.at('again.tar') };
  await assert.rejects(packFolder(again), (error) => isSlipwayError(error, 'HELPER_MISSING'));
});

test('pack, unpack, pack gives the same digest', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  if (!hasPython()) return t.skip('needs python3 for devices and attributes');
  using folder = tempFolder();
  for (const name of ['tree', 'native', 'twin']) mkdirSync(folder.at(name));
  makeTortureTree(folder.at('tree'));
  const first = await helper.pack({
    folder: folder.at('tree'),
    overlay: false,
    output: folder.at('1.tar'),
  });
  await helper.unpack({ tar: folder.at('1.tar'), folder: folder.at('native'), userXattr: false });
  const second = await helper.pack({
    folder: folder.at('native'),
    overlay: false,
    output: folder.at('2.tar'),
  });
  assert.deepEqual(second, first);
});
