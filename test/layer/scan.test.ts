/**
 * Scanning a context: the helper and its TypeScript twin must give the same entries and share their
 * cache files; the cache may save work but never change a result.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { toByteString } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import { type Glance, type ScanOptions, type ScanResult, scanFolder } from '#layer/scan.ts';
import { HostBatch, hasPython, hostCalls } from '#test/helpers/host-calls.ts';
import { nativeHelper } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { isRoot, makeTortureTree } from '#test/helpers/torture-tree.ts';

/** All that a result says, as data. */
interface Plain extends Omit<ScanResult, 'glances' | 'records'> {
  readonly glanced: readonly Glance[];
}

type Scan = (options: ScanOptions) => Promise<Plain>;

/** Entries are read out of the records when they are asked for: here they are. */
function plain({ glances, records: _, ...result }: ScanResult): Plain {
  return { ...result, glanced: [...glances()] };
}

/** Both twins by name; undefined after skipping aloud. */
function twins(t: TestContext): Record<'native' | 'typescript', Scan> | undefined {
  const helper = nativeHelper(t);
  if (helper === undefined) return undefined;
  return {
    native: async (options) => plain(await helper.scan(options)),
    typescript: async (options) => plain(scanFolder(options)),
  };
}

/** Long enough ago for the cache: younger than two seconds a file is always hashed again. */
async function age(): Promise<void> {
  await sleep(2_100);
}

test('the torture tree: the same entries from both', async (t) => {
  const scans = twins(t);
  if (scans === undefined) return;
  if (!hasPython()) return t.skip('needs python3 for devices');
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  makeTortureTree(folder.at('tree'));
  const native = await scans.native({ root: folder.at('tree') });
  const host = hostCalls(folder.at('tree'));
  assert.deepEqual(plain(scanFolder({ root: folder.at('tree'), host })), native);
  const { entry, digest } =
    native.entries.find(({ entry: each }) => each.path === 'sizes/513') ?? assert.fail();
  const content = readFileSync(folder.at('tree/sizes/513'));
  assert.equal(digest, `sha256:${createHash('sha256').update(content).digest('hex')}`);
  assert.equal(entry.kind === 'file' && entry.size, 513);
});

test('attributes of a context: user.* and capabilities come along, what is of this machine does not', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  if (!hasPython()) return t.skip('needs python3 for attributes');
  if (!isRoot) return t.skip('needs root: sets a capability');
  using folder = tempFolder();
  const root = folder.at('tree');
  mkdirSync(folder.at('tree/d'), { recursive: true });
  for (const name of ['a', 'b', 'c']) writeFileSync(folder.at('tree', name), 'x');
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  const batch = new HostBatch();
  batch.xattr(Buffer.from(folder.at('tree/a')), 'security.capability', capability);
  batch.xattr(Buffer.from(folder.at('tree/a')), 'user.x', 'of a file');
  batch.xattr(Buffer.from(folder.at('tree/b')), 'trusted.x', 'left here');
  batch.xattr(Buffer.from(folder.at('tree/b')), 'user.overlay.opaque', 'y');
  batch.xattr(Buffer.from(folder.at('tree/c')), 'user.a=b', 'left out');
  batch.xattr(Buffer.from(folder.at('tree/d')), 'user.x', 'of a folder');
  batch.run();
  await age();
  const expected = [
    { 'security.capability': capability.toString(), 'user.x': 'of a file' },
    {},
    {},
    { 'user.x': 'of a folder' },
  ];
  const found = ({ entries }: Pick<ScanResult, 'entries'>) =>
    entries.map(({ entry }) =>
      Object.fromEntries([...entry.xattrs].map(([name, value]) => [name, String(value)])),
    );
  // Read, remembered, and remembered by the other twin.
  for (const [hashed, cacheFile] of [
    [3, folder.at('cache')],
    [0, folder.at('cache')],
  ] as const) {
    const native = await helper.scan({ root, cacheFile });
    assert.deepEqual(found(native), expected);
    assert.equal(native.hashedFiles, hashed);
    const message = "an attribute with '=' in its name does not fit into a tar: left out";
    assert.deepEqual(native.warnings, hashed === 0 ? [] : [{ message, path: 'c' }]);
  }
  const twin = scanFolder({ root, cacheFile: folder.at('cache'), host: hostCalls(root) });
  assert.deepEqual(found(twin), expected);
  assert.equal(twin.hashedFiles, 0);
  const without = scanFolder({ root });
  assert.notEqual(without.digest, twin.digest);
});

test('the digest of all: modes count or do not, times and owners never', async (t) => {
  const scans = twins(t);
  if (scans === undefined) return;
  using folder = tempFolder();
  const root = folder.at('tree');
  mkdirSync(root);
  writeFileSync(folder.at('tree/f'), 'x', { mode: 0o644 });
  symlinkSync('f', folder.at('tree/l'));
  for (const [name, scan] of Object.entries(scans)) {
    chmodSync(folder.at('tree/f'), 0o644);
    const first = await scan({ root });
    utimesSync(folder.at('tree/f'), 1000, 1000);
    const older = await scan({ root });
    chmodSync(folder.at('tree/f'), 0o755);
    const changed = await scan({ root });
    assert.equal(older.digest, first.digest, name);
    assert.notEqual(changed.digest, first.digest, name);
    assert.equal(changed.digestWithoutModes, first.digestWithoutModes, name);
    assert.notEqual(first.digest, first.digestWithoutModes, name);
  }
});

test('skipped paths are not walked, and names that only begin alike are', async (t) => {
  const scans = twins(t);
  if (scans === undefined) return;
  using folder = tempFolder();
  for (const path of ['a/b/c', 'a/bb', 'skip/deep', 'skip2', 'ü']) {
    mkdirSync(folder.at('tree', path), { recursive: true });
  }
  const skip = ['a/b', 'skip', 'ü', 'not/there'].map(toByteString);
  for (const scan of Object.values(scans)) {
    const { entries } = await scan({ root: folder.at('tree'), skip });
    assert.deepEqual(
      entries.map(({ entry }) => entry.path),
      ['a', 'a/bb', 'skip2'],
    );
  }
});

test('with a cache only what changed is hashed again, and each twin reads the cache of the other', async (t) => {
  const scans = twins(t);
  if (scans === undefined) return;
  using folder = tempFolder();
  const root = folder.at('tree');
  mkdirSync(folder.at('tree/d'), { recursive: true });
  for (let i = 0; i < 20; i++) writeFileSync(folder.at('tree/d', `f${i}`), `${i}`);
  for (const name of ['d-b', 'z']) writeFileSync(folder.at('tree', name), name);
  symlinkSync('z', folder.at('tree/link'));
  await age();
  const first = await scans.native({ root, cacheFile: folder.at('native') });
  assert.equal(first.hashedFiles, 22);
  const twin = await scans.typescript({ root, cacheFile: folder.at('typescript') });
  assert.deepEqual(twin, first);
  assert.deepEqual(records(folder.at('typescript')), records(folder.at('native')));
  assert.equal(statSync(folder.at('native')).mode & 0o777, 0o600);
  for (const [reader, scan] of Object.entries(scans)) {
    for (const writer of ['native', 'typescript']) {
      const before = statSync(folder.at(writer), { bigint: true });
      const again = await scan({ root, cacheFile: folder.at(writer) });
      assert.deepEqual(again, { ...first, hashedFiles: 0 }, `${reader} after ${writer}`);
      const after = statSync(folder.at(writer), { bigint: true });
      assert.equal(after.ino, before.ino, 'an unchanged cache was written again');
    }
  }
  writeFileSync(folder.at('tree/d/f7'), 'changed');
  rmSync(folder.at('tree/z'));
  chmodSync(folder.at('tree/d/f9'), 0o600);
  for (const [name, scan] of Object.entries(scans)) {
    const { entries, hashedFiles } = await scan({ root, cacheFile: folder.at(name) });
    assert.equal(hashedFiles, 2);
    assert.deepEqual(entries, scanFolder({ root }).entries);
  }
});

/** A cache without its header and checksum, which hold the time of the scan. */
function records(file: string): Buffer {
  const content = readFileSync(file);
  return content.subarray(64, content.length - 8);
}

test('a file of the last two seconds is hashed every time: equal size and time prove nothing', async (t) => {
  const scans = twins(t);
  if (scans === undefined) return;
  using folder = tempFolder();
  const root = folder.at('tree');
  mkdirSync(root);
  writeFileSync(folder.at('tree/f'), 'old');
  const { mtime } = statSync(folder.at('tree/f'));
  for (const [name, scan] of Object.entries(scans)) {
    writeFileSync(folder.at('tree/f'), 'one');
    utimesSync(folder.at('tree/f'), mtime, mtime);
    await scan({ root, cacheFile: folder.at(name) });
    writeFileSync(folder.at('tree/f'), 'two');
    utimesSync(folder.at('tree/f'), mtime, mtime);
    const { entries, hashedFiles } = await scan({ root, cacheFile: folder.at(name) });
    assert.equal(hashedFiles, 1);
    assert.equal(
      entries[0]?.digest,
      `sha256:${createHash('sha256').update('two').digest('hex')}`,
      name,
    );
  }
});

test('a cache that is damaged, cut, of another root or from the future is the empty cache', async (t) => {
  const scans = twins(t);
  if (scans === undefined) return;
  using folder = tempFolder();
  const root = folder.at('tree');
  mkdirSync(root);
  for (const name of ['a', 'b']) writeFileSync(folder.at('tree', name), name);
  await age();
  await scans.native({ root, cacheFile: folder.at('good') });
  const good = readFileSync(folder.at('good'));
  const cases: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    cut: good.subarray(0, good.length - 20),
    text: Buffer.from('not a cache'),
    'one bit': flip(good, 120),
    magic: flip(good, 0),
    checksum: flip(good, good.length - 8),
  };
  for (const [what, content] of Object.entries(cases)) {
    for (const [name, scan] of Object.entries(scans)) {
      writeFileSync(folder.at('cache'), content);
      const { hashedFiles } = await scan({ root, cacheFile: folder.at('cache') });
      assert.equal(hashedFiles, 2, `${what}, ${name}`);
      assert.deepEqual(records(folder.at('cache')), records(folder.at('good')), what);
    }
  }
  renameSync(root, folder.at('was'));
  mkdirSync(root);
  for (const name of ['a', 'b']) renameSync(folder.at('was', name), folder.at('tree', name));
  for (const scan of Object.values(scans)) {
    writeFileSync(folder.at('cache'), good);
    assert.equal((await scan({ root, cacheFile: folder.at('cache') })).hashedFiles, 2);
  }
  assert.deepEqual(readdirSync(folder.path).sort(), ['cache', 'good', 'tree', 'was']);
});

function flip(content: Buffer, at: number): Buffer {
  const copy = Buffer.from(content);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test('a socket is left out with a warning; a root that is missing or a file is refused', async (t) => {
  const scans = twins(t);
  if (scans === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  writeFileSync(folder.at('file'), '');
  await using server = createServer();
  await new Promise<void>((resolve) => server.listen(folder.at('tree/socket'), resolve));
  for (const scan of Object.values(scans)) {
    const { entries, hashedFiles, warnings } = await scan({ root: folder.at('tree') });
    assert.deepEqual([entries, hashedFiles], [[], 0]);
    const message = 'a socket cannot be copied: left out';
    assert.deepEqual(warnings, [{ message, path: 'socket' }]);
    await assert.rejects(scan({ root: folder.at('none') }), (error) =>
      isSlipwayError(error, 'FILE_MISSING'),
    );
    await assert.rejects(scan({ root: folder.at('file') }), (error) =>
      isSlipwayError(error, 'FILE_UNUSABLE'),
    );
  }
});
