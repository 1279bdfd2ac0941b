/**
 * A planned layer: the helper's `pack --list` and its twin, writeLayer, must give the same tar and the
 * same index, wherever the bytes come from; and nothing of a list that is damaged may be believed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type Entry, type EntryMetadata, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import { streamLayer } from '#layer/layer-writer.ts';
import type { NativeHelper } from '#layer/native.ts';
import { encodePackList, type PlacedSource, UnlistableEntry } from '#layer/pack-list.ts';
import { scanFolder } from '#layer/scan.ts';
import { hasPython, hostCalls } from '#test/helpers/host-calls.ts';
import { HELPER_PROGRAM, nativeHelper } from '#test/helpers/native-helper.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { makeTortureTree } from '#test/helpers/torture-tree.ts';

const shared: Omit<EntryMetadata, 'path'> = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: EPOCH,
  xattrs: NO_XATTRS,
};

function file(path: string, content: Buffer, change: Partial<EntryMetadata> = {}): PlacedSource {
  const entry: Entry = {
    ...shared,
    ...change,
    kind: 'file',
    path: toByteString(path),
    size: content.length,
  };
  return { entry, content: () => [content], place: () => ({ kind: 'bytes', bytes: content }) };
}

function other(path: string, entry: DistributiveOmit<Entry, 'path' | keyof typeof shared>) {
  return { entry: { ...shared, ...entry, path: toByteString(path) } as Entry };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function xattrsOf(pairs: readonly (readonly [string, Buffer])[]): EntryMetadata['xattrs'] {
  return new Map(pairs.map(([name, value]) => [toByteString(name), value]));
}

function hex(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What each twin makes. */
async function both(
  helper: NativeHelper,
  folder: TempFolder,
  entries: readonly PlacedSource[],
): Promise<{ readonly native: readonly Buffer[]; readonly twin: readonly Uint8Array[] }> {
  const files = { output: folder.at('list.tar'), index: folder.at('list.index') };
  const packed = await helper.packList({ list: { entries }, ...files });
  const chunks: Buffer[] = [];
  const twin = await streamLayer(entries, async (chunk) => void chunks.push(Buffer.from(chunk)));
  const tar = readFileSync(files.output);
  assert.equal(packed.digest, `sha256:${hex(tar)}`);
  assert.equal(packed.size, twin.size);
  assert.equal(packed.entries, entries.length);
  return { native: [tar, readFileSync(files.index)], twin: [Buffer.concat(chunks), twin.index] };
}

async function assertSame(t: TestContext, entries: readonly PlacedSource[]): Promise<void> {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  const { native, twin } = await both(helper, folder, entries);
  for (const [i, what] of ['tar', 'index'].entries()) {
    assert.ok(native[i]?.equals(twin[i] ?? Buffer.alloc(0)), `the ${what} differs`);
  }
}

const long = 'n'.repeat(120);
const lists: Readonly<Record<string, readonly PlacedSource[]>> = {
  nothing: [],
  'every kind of entry': [
    other('d', { kind: 'directory' }),
    file('d/empty', Buffer.alloc(0)),
    file('d/file', Buffer.from('content'), { mode: 0o4755, uid: 12, gid: 34 }),
    other('d/hard', { kind: 'hardlink', target: toByteString('d/file') }),
    other('d/link', { kind: 'symlink', target: toByteString('file') }),
    other('d/soft', { kind: 'hardlink', target: toByteString('d/link') }),
    other('e', { kind: 'char', major: 5, minor: 1 }),
    other('f', { kind: 'block', major: 300, minor: 70_000 }),
    other('g', { kind: 'fifo' }),
  ],
  'sizes around blocks and buffers': [0, 1, 511, 512, 513, 1 << 20, (1 << 20) + 1, 3_000_001].map(
    (size, i) => file(`f${i}`, Buffer.alloc(size, i)),
  ),
  'names over 100 and 255 bytes, owners and times that need pax': [
    other(long, { kind: 'directory' }),
    other(`${long}/${long}`, { kind: 'directory' }),
    file(`${long}/${long}/${long}`, Buffer.from('x'), {
      uid: 4_000_000_000,
      gid: 2_097_152,
      mtime: { seconds: -5, nanoseconds: 0 },
    }),
    file(`${long}/${long}/${'z'.repeat(255)}`, Buffer.from('y'), {
      mtime: { seconds: 5_662_310_400, nanoseconds: 0 },
    }),
    other('o', { kind: 'symlink', target: toByteString('t'.repeat(4_000)) }),
  ],
  attributes: [
    file('a', Buffer.from('x'), {
      xattrs: xattrsOf([
        ['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')],
        ['user.a', Buffer.alloc(0)],
        ['user.b', Buffer.alloc(60_000, 'v')],
        ['com.apple.quarantine', Buffer.from('from a Mac')],
      ]),
    }),
    {
      entry: {
        ...shared,
        kind: 'directory',
        path: toByteString('b'),
        xattrs: xattrsOf([['com.apple.only', Buffer.from('x')]]),
      },
    },
  ],
  'a folder whose names fill many blocks': [
    other('d', { kind: 'directory' }),
    ...Array.from(
      { length: 2_000 },
      (_, i) => `d/f${String(i).padStart(5, '0')}${'x'.repeat(i % 200)}`,
    )
      .sort()
      .map((path) => file(path, Buffer.from(path))),
  ],
};

for (const [name, entries] of Object.entries(lists)) {
  test(`both twins write the same layer: ${name}`, (t) => assertSame(t, entries));
}

test('files of the host and stretches of another file', async (t) => {
  using folder = tempFolder();
  mkdirSync(folder.at('root/deep/er'), { recursive: true });
  const big = Buffer.alloc(2_500_000, 'b');
  writeFileSync(folder.at('root/deep/er/big'), big);
  writeFileSync(folder.at('root/small'), 'small');
  writeFileSync(folder.at('tar'), Buffer.concat([Buffer.alloc(512), Buffer.from('part'), big]));
  const root = Buffer.from(folder.at('root'));
  const placed = (path: string, at: string, content: Buffer): PlacedSource => ({
    ...file(path, content),
    place: () => ({ kind: 'file', root, path: toByteString(at), sha256: hex(content) }),
  });
  const part = (path: string, offset: number, content: Buffer): PlacedSource => ({
    ...file(path, content),
    place: () => ({ kind: 'part', file: folder.at('tar'), offset }),
  });
  await assertSame(t, [
    placed('a', 'deep/er/big', big),
    part('b', 512, Buffer.from('part')),
    placed('c', 'small', Buffer.from('small')),
    part('d', 516, big),
  ]);
});

test('a scanned folder goes into the layer as its entries would', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  if (!hasPython()) return t.skip('needs python3 for devices and attributes');
  using folder = tempFolder();
  mkdirSync(folder.at('root/ctx'), { recursive: true });
  makeTortureTree(folder.at('root/ctx'));
  // Names below it are over 255 bytes in all, hard links lead from folder to folder.
  const scan = await helper.scan({ root: folder.at('root/ctx') });
  const { entries } = scanFolder({
    root: folder.at('root/ctx'),
    host: hostCalls(folder.at('root/ctx')),
  });
  const firstNames = new Map<string, ByteString>();
  const root = Buffer.from(folder.at('root'));
  const planned = entries.map(({ entry, digest, identity }): PlacedSource => {
    const path = toByteString(`to/here/${''}`).concat(entry.path) as ByteString;
    const mtime = { seconds: Math.min(entry.mtime.seconds, 1_700_000_000), nanoseconds: 0 };
    const moved = { ...entry, path, uid: 7, gid: 8, mtime };
    const first = identity === undefined ? undefined : firstNames.get(identity);
    if (identity !== undefined && first === undefined) firstNames.set(identity, path);
    if (first !== undefined) return { entry: { ...moved, kind: 'hardlink', target: first } };
    const at = `ctx/${entry.path}` as ByteString;
    const bytes = () => readFileSync(Buffer.concat([root, Buffer.from(`/${at}`, 'latin1')]));
    return {
      entry: moved,
      content: () => [bytes()],
      place: () => ({ kind: 'file', root, path: at, sha256: (digest ?? '').slice(7) }),
    };
  });
  const parents = ['to', 'to/here'].map((path) => other(path, { kind: 'directory' }));
  const { native, twin } = await both(helper, folder, [...parents, ...planned]);
  const files = { output: folder.at('folder.tar'), index: folder.at('folder.index') };
  await helper.packList({
    list: {
      entries: parents,
      folder: {
        ...{ root, path: toByteString('ctx'), records: scan.records ?? assert.fail() },
        ...{ destination: toByteString('to/here'), uid: 7, gid: 8, mtimeMax: 1_700_000_000 },
      },
    },
    ...files,
  });
  for (const [i, made] of [readFileSync(files.output), readFileSync(files.index)].entries()) {
    assert.ok(native[i]?.equals(twin[i] ?? Buffer.alloc(0)), 'entry by entry the twins differ');
    assert.ok(native[i]?.equals(made), 'the folder differs from its entries');
  }
});

test('a file over 4 GiB: its size in header, index and tar', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  // All holes, and written to where nothing is kept.
  using folder = tempFolder();
  const size = 2 ** 32 + 513;
  writeFileSync(folder.at('large'), '');
  truncateSync(folder.at('large'), size);
  const entry: Entry = { ...shared, kind: 'file', path: toByteString('large'), size };
  const place = () => ({ kind: 'part' as const, file: folder.at('large'), offset: 0 });
  const made = await helper.packList({
    list: { entries: [{ entry, place }] },
    output: '/dev/null',
    index: folder.at('index'),
  });
  assert.equal(made.size, 512 + 2 ** 32 + 1024 + 1024);
  const index = readFileSync(folder.at('index'));
  assert.ok(index.includes(Buffer.from('0102000001000000', 'hex')), 'the size is not in the index');
});

for (const [what, change] of Object.entries<(folder: TempFolder) => void>({
  shorter: ({ at }) => writeFileSync(at('root/f'), 'x'),
  longer: ({ at }) => writeFileSync(at('root/f'), 'content and more'),
  'as long, with other bytes': ({ at }) => writeFileSync(at('root/f'), 'CONTENT'),
  gone: ({ at }) => rmSync(at('root/f')),
  'a link to elsewhere': ({ at }) => {
    writeFileSync(at('elsewhere'), 'content');
    rmSync(at('root/f'));
    symlinkSync(at('elsewhere'), at('root/f'));
  },
})) {
  test(`a file that is ${what} since it was looked at: FILE_CHANGED, and no tar`, async (t) => {
    const helper = nativeHelper(t);
    if (helper === undefined) return;
    for (const isFolder of [true, false]) {
      using folder = tempFolder();
      mkdirSync(folder.at('root'));
      writeFileSync(folder.at('root/f'), 'content');
      const root = Buffer.from(folder.at('root'));
      const { records } = await helper.scan({ root: folder.at('root') });
      change(folder);
      const one = file('f', Buffer.from('content'));
      const place = () => ({
        ...{ kind: 'file' as const, root, path: toByteString('f') },
        sha256: hex(Buffer.from('content')),
      });
      const whole = {
        ...{ root, path: toByteString(''), records: records ?? assert.fail() },
        ...{ destination: toByteString(''), uid: 0, gid: 0 },
      };
      const list = isFolder ? { entries: [], folder: whole } : { entries: [{ ...one, place }] };
      const files = { output: folder.at('out.tar'), index: folder.at('out.index') };
      await assert.rejects(helper.packList({ list, ...files }), (error) =>
        isSlipwayError(error, 'FILE_CHANGED'),
      );
      assert.equal(statSync(files.output).size, 0);
      assert.equal(existsSync(files.index), false);
    }
  });
}

test('a folder on the way that became a link to elsewhere is not followed', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('root/d'), { recursive: true });
  writeFileSync(folder.at('root/d/f'), 'content');
  const { records } = await helper.scan({ root: folder.at('root') });
  renameSync(folder.at('root/d'), folder.at('elsewhere'));
  symlinkSync(folder.at('elsewhere'), folder.at('root/d'));
  const list = {
    entries: [],
    folder: {
      ...{ root: Buffer.from(folder.at('root')), path: toByteString('') },
      ...{ records: records ?? assert.fail(), destination: toByteString(''), uid: 0, gid: 0 },
    },
  };
  const files = { output: folder.at('out.tar'), index: folder.at('out.index') };
  await assert.rejects(helper.packList({ list, ...files }), (error) =>
    isSlipwayError(error, 'FILE_CHANGED'),
  );
});

for (const [what, entries, code] of [
  ['a name that means a deletion', [file('.wh.x', Buffer.alloc(0))], 'ENTRY_REFUSED'],
  ['a name over 255 bytes', [file('n'.repeat(256), Buffer.alloc(0))], 'ENTRY_REFUSED'],
  [
    'a link to nothing',
    [other('l', { kind: 'symlink', target: toByteString('') })],
    'ENTRY_REFUSED',
  ],
  [
    'a device that no index has room for',
    [other('c', { kind: 'char', major: 4_096, minor: 0 })],
    'ENTRY_REFUSED',
  ],
  [
    'an attribute over 65,535 bytes',
    [
      file('f', Buffer.alloc(0), {
        xattrs: xattrsOf([['user.x', Buffer.alloc(65_536)]]),
      }),
    ],
    'ENTRY_REFUSED',
  ],
] as const) {
  test(`refused: ${what}`, async (t) => {
    const helper = nativeHelper(t);
    if (helper === undefined) return;
    using folder = tempFolder();
    const files = { output: folder.at('out.tar'), index: folder.at('out.index') };
    await assert.rejects(helper.packList({ list: { entries }, ...files }), (error) =>
      isSlipwayError(error, code),
    );
    assert.equal(statSync(files.output).size, 0);
  });
}

test('what only the twin can write is told before anything runs to its end', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  const files = { output: folder.at('out.tar'), index: folder.at('out.index') };
  const streamed = { entry: file('f', Buffer.from('x')).entry, content: () => [Buffer.from('x')] };
  const awkward = file('f', Buffer.from('x'), {
    xattrs: xattrsOf([['user.a=b', Buffer.from('x')]]),
  });
  for (const source of [streamed, awkward]) {
    const list = { entries: [file('a', Buffer.from('a')), source] };
    await assert.rejects(helper.packList({ list, ...files }), UnlistableEntry);
  }
});

test('a list that is cut, or not sorted, or points outside makes no layer', async (t) => {
  if (nativeHelper(t) === undefined) return;
  using folder = tempFolder();
  const run = (list: Buffer): { readonly status: number | null; readonly report: string } => {
    const { status, stderr } = spawnSync(
      HELPER_PROGRAM,
      ['pack', '--list', '--output', folder.at('o'), '--index', folder.at('i')],
      { input: list },
    );
    return { status, report: stderr.toString().split('\n')[0] ?? '' };
  };
  const good = Buffer.concat([
    ...encodePackList({
      entries: [other('d', { kind: 'directory' }), file('d/f', Buffer.from('content'))],
    }),
  ]);
  assert.equal(run(good).status, 0);
  for (let length = 0; length < good.length; length += 7) {
    const { status, report } = run(good.subarray(0, length));
    assert.equal(status, 1, `${length} bytes of the list`);
    assert.match(report, /the list cannot be read/);
  }
  const unsorted = ['b', 'a'].map((name) => file(name, Buffer.alloc(0)));
  const orphan = [file('no/parent', Buffer.alloc(0))];
  const twice = ['a', 'a'].map((name) => file(name, Buffer.alloc(0)));
  const outside = ['../a', '/a', 'a//b', 'a/./b', ''].map((name) => [file(name, Buffer.alloc(0))]);
  const dangling = [other('h', { kind: 'hardlink', target: toByteString('nowhere') })];
  for (const entries of [unsorted, orphan, twice, ...outside, dangling]) {
    const list = Buffer.concat([...encodePackList({ entries })]);
    const { status, report } = run(list);
    assert.equal(status, 1, JSON.stringify(entries.map(({ entry }) => entry.path)));
    assert.match(report, /"kind":"(refused|usage)"/);
  }
});
