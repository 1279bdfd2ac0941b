/**
 * Unpacking a layer: the helper, its TypeScript twin and GNU tar must agree on honest tars, and the
 * first two on hostile ones, of which nothing may reach anything outside the folder.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Entry } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import { indexTar } from '#layer/index-tar.ts';
import { MergedTree, type TreeNode } from '#layer/merged-tree.ts';
import type { NativeHelper } from '#layer/native.ts';
import { scanFolder } from '#layer/scan.ts';
import { unpackTar } from '#layer/unpack.ts';
import { hasPython, hostCalls } from '#test/helpers/host-calls.ts';
import { nativeHelper } from '#test/helpers/native-helper.ts';
import { type RawEntry, rawTar } from '#test/helpers/raw-tar.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { describeTree, isRoot, makeTortureTree } from '#test/helpers/torture-tree.ts';

/** Undefined after skipping aloud. */
function toolsFor(t: TestContext): NativeHelper | undefined {
  const helper = nativeHelper(t);
  if (helper === undefined) return undefined;
  if (hasPython() && isRoot) return helper;
  t.skip('needs root and python3: owners, devices and attributes');
  return undefined;
}

interface Unpacked {
  readonly entries: number;
  readonly warnings: readonly string[];
  readonly tree: readonly string[];
}

/** What both twins make of a tar, after checking that it is the same. */
async function unpackBoth(
  helper: NativeHelper,
  folder: TempFolder,
  userXattr = false,
): Promise<Unpacked> {
  const results: Unpacked[] = [];
  for (const twin of ['native', 'typescript'] as const) {
    const target = folder.at(twin);
    mkdirSync(target);
    const options = { tar: folder.at('in.tar'), folder: target, userXattr };
    const { entries, warnings } =
      twin === 'native'
        ? await helper.unpack(options)
        : await unpackTar({ ...options, host: hostCalls(target) });
    const tree = describeTree(target, { wholeSeconds: true });
    results.push({ entries, warnings: warnings.map(({ message }) => message), tree });
  }
  const [native, typescript] = results;
  assert.ok(native !== undefined);
  assert.deepEqual(typescript, native);
  return native;
}

/** As {@link unpackBoth}, of entries; the tree without times, as `path mode content`. */
async function shapeOf(helper: NativeHelper, entries: readonly RawEntry[]): Promise<string[]> {
  using folder = tempFolder();
  writeFileSync(folder.at('in.tar'), rawTar(entries));
  const { tree } = await unpackBoth(helper, folder);
  return tree.map((line) => {
    const [path = '', mode = '', , , , content = '', target = '', device = '', xattrs = ''] =
      line.split(' | ');
    return [JSON.parse(path), mode, content.split(' ')[0], target, device, xattrs.split('=')[0]]
      .filter((part) => part !== '')
      .join(' ');
  });
}

/** Names over 100 and targets over 100 bytes, owners and times out of range. */
const USTAR_CANNOT = ['names', 'links', 'level0', 'sizes/1', 'sizes/512'].map(
  (path) => `--exclude=./${path}`,
);

for (const format of ['gnu', 'posix', 'ustar'] as const) {
  test(`the torture tree in a ${format} tar of GNU tar: the same tree from all three`, async (t) => {
    const helper = toolsFor(t);
    if (helper === undefined) return;
    using folder = tempFolder();
    mkdirSync(folder.at('tree'));
    mkdirSync(folder.at('tar'));
    makeTortureTree(folder.at('tree'));
    const xattrs = format === 'posix' ? ['--xattrs', '--xattrs-include=*'] : [];
    const args = [
      `--format=${format}`,
      ...(format === 'ustar' ? USTAR_CANNOT : ['--sparse']),
      ...xattrs,
    ];
    const made = spawnSync('tar', [
      ...args,
      '-cf',
      folder.at('in.tar'),
      '-C',
      folder.at('tree'),
      '.',
    ]);
    assert.equal(made.status, 0, made.stderr.toString());
    const { tree, warnings } = await unpackBoth(helper, folder);
    spawnSync('tar', [...xattrs, '-xpf', folder.at('in.tar'), '-C', folder.at('tar')]);
    assert.deepEqual(tree, describeTree(folder.at('tar'), { wholeSeconds: true }));
    assert.deepEqual(warnings, []);
  });
}

for (const version of ['old', '0.0', '0.1', '1.0'] as const) {
  test(`sparse files, dialect ${version}: holes are zeros, data is where it was`, async (t) => {
    const helper = toolsFor(t);
    if (helper === undefined) return;
    using folder = tempFolder();
    mkdirSync(folder.at('tree'));
    const files = [
      'dd if=/dev/urandom of=middle bs=4096 count=3 seek=100',
      'truncate -s 3000000 middle',
      'dd if=/dev/urandom of=start bs=4096 count=2',
      'truncate -s 1000001 start',
      'for i in $(seq 1 40); do dd if=/dev/urandom of=many bs=4096 count=1 seek=$((i * 7)) conv=notrunc; done',
      'truncate -s 777777 hole',
    ];
    spawnSync('sh', ['-ec', files.join('\n')], { cwd: folder.at('tree') });
    const format =
      version === 'old' ? ['--format=gnu'] : [`--sparse-version=${version}`, '--format=posix'];
    const args = [...format, '--sparse', '-cf', folder.at('in.tar'), '-C', folder.at('tree'), '.'];
    assert.equal(spawnSync('tar', args).status, 0);
    const { tree } = await unpackBoth(helper, folder);
    assert.deepEqual(tree, describeTree(folder.at('tree'), { wholeSeconds: true }));
    const blocks = spawnSync('stat', ['-c', '%b', folder.at('native/hole')]).stdout.toString();
    assert.equal(blocks, '0\n', 'the hole was filled');
  });
}

test('whiteouts and opaque marks become what overlay understands, whatever their order', async (t) => {
  const helper = toolsFor(t);
  if (helper === undefined) return;
  const entries: RawEntry[] = [
    { name: 'd/.wh.gone' },
    { name: 'd/', type: 'directory' },
    { name: 'd/.wh..wh.aufs' },
    { name: '.wh..wh.plnk/1.2' },
    { name: 'opaque/', type: 'directory' },
    { name: 'opaque/new', content: 'x' },
    { name: 'opaque/.wh..wh..opq' },
    { name: '.wh.mine' },
    { name: 'mine', content: 'own file stays' },
    { name: 'own/', type: 'directory' },
    { name: '.wh.own' },
    { name: '.wh.mine2' },
    { name: 'file', content: 'y' },
    { name: 'file/.wh.inside' },
  ];
  assert.deepEqual(await shapeOf(helper, entries), [
    'd 40755',
    'd/gone 20000 device 0',
    'file 100644 1',
    'mine 100644 14',
    'mine2 20000 device 0',
    'opaque 40755 trusted.overlay.opaque',
    'opaque/new 100644 1',
    'own 40755 trusted.overlay.opaque',
  ]);
});

test('with --user-xattr the opaque mark is the one of user namespaces', async (t) => {
  const helper = toolsFor(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  writeFileSync(folder.at('in.tar'), rawTar([{ name: 'o/.wh..wh..opq' }]));
  const { tree } = await unpackBoth(helper, folder, true);
  assert.match(tree[0] ?? '', /user\.overlay\.opaque=/);
});

const REPLACEMENTS: readonly { name: string; entries: readonly RawEntry[]; tree: string[] }[] = [
  {
    name: 'parents that no entry describes are 0755 and empty of everything else',
    entries: [{ name: 'a/b/c', content: 'x' }],
    tree: ['a 40755', 'a/b 40755', 'a/b/c 100644 1'],
  },
  {
    name: 'of two entries the last one counts',
    entries: [
      { name: 'f', content: 'first', mode: 0o600 },
      { name: 'f', content: 'x' },
    ],
    tree: ['f 100644 1'],
  },
  {
    name: 'a directory over a directory keeps the children and takes the mode',
    entries: [
      { name: 'd/', type: 'directory', mode: 0o700 },
      { name: 'd/f' },
      { name: 'd/', type: 'directory', mode: 0o500 },
    ],
    tree: ['d 40500', 'd/f 100644 0'],
  },
  {
    name: 'a file over a directory removes what was in it, and a directory over a file the file',
    entries: [
      { name: 'a/b/c' },
      { name: 'a', content: 'x' },
      { name: 'f', content: 'x' },
      { name: 'f/', type: 'directory', mode: 0o711 },
      { name: 'f/g' },
    ],
    tree: ['a 100644 1', 'f 40711', 'f/g 100644 0'],
  },
  {
    name: 'a directory that came back has none of the old metadata',
    entries: [
      { name: 'd/e/', type: 'directory', mode: 0o700 },
      { name: 'd', content: 'x' },
      { name: 'd/e/f' },
    ],
    tree: ['d 40755', 'd/e 40755', 'd/e/f 100644 0'],
  },
  {
    name: 'a leading slash, dots and double slashes mean nothing',
    entries: [
      { name: '/a' },
      { name: './b' },
      { name: 'c//./d' },
      { name: './', type: 'directory' },
    ],
    tree: ['a 100644 0', 'b 100644 0', 'c 40755', 'c/d 100644 0'],
  },
  {
    name: 'a symlink above an entry is replaced by a directory',
    entries: [
      { name: 'out', type: 'symlink', link: '../outside' },
      { name: 'out/file', content: 'x' },
    ],
    tree: ['out 40755', 'out/file 100644 1'],
  },
  {
    name: 'a symlink in place of an entry is replaced, not written through',
    entries: [
      { name: 'out', type: 'symlink', link: '../outside/file' },
      { name: 'out', content: 'x' },
    ],
    tree: ['out 100644 1'],
  },
];

for (const { name, entries, tree } of REPLACEMENTS) {
  test(name, async (t) => {
    const helper = toolsFor(t);
    if (helper === undefined) return;
    assert.deepEqual(await shapeOf(helper, entries), tree);
  });
}

/** A line for each file of the index of a tar, in the order of a walk. */
async function indexedLines(folder: TempFolder): Promise<string[]> {
  const { index, diffId } = await indexTar(createReadStream(folder.at('in.tar')));
  writeFileSync(folder.at('index'), index);
  using tree = MergedTree.open([{ diffId, tar: folder.at('in.tar'), index: folder.at('index') }]);
  const lines: string[] = [];
  const visit = (node: TreeNode, parent: string) => {
    for (const child of tree.list(node)) {
      const path = (parent === '' ? child.name : `${parent}/${child.name}`) as ByteString;
      lines.push(lineOf(tree.entry(child, path)));
      if (child.kind === 'directory') visit(child, path);
    }
  };
  visit(tree.root, '');
  return lines;
}

/** What an index and a folder have in common. */
function lineOf(entry: Entry): string {
  const { path, kind, mode, uid, gid, mtime } = entry;
  const size = entry.kind === 'file' ? entry.size : '';
  const target = entry.kind === 'symlink' ? entry.target : '';
  const device = 'major' in entry ? `${entry.major}:${entry.minor}` : '';
  return JSON.stringify([path, kind, mode, uid, gid, mtime.seconds, size, target, device]);
}

function folderLines(folder: string): string[] {
  return scanFolder({ root: folder }).entries.map(({ entry }) => lineOf(entry));
}

test('the folder and the index of a layer show the same tree', async (t) => {
  const helper = toolsFor(t);
  if (helper === undefined) return;
  const unpackInto = (folder: TempFolder) => {
    mkdirSync(folder.at('out'));
    return helper.unpack({ tar: folder.at('in.tar'), folder: folder.at('out'), userXattr: false });
  };
  for (const { name, entries } of REPLACEMENTS) {
    using folder = tempFolder();
    writeFileSync(folder.at('in.tar'), rawTar(entries));
    await unpackInto(folder);
    assert.deepEqual(folderLines(folder.at('out')), await indexedLines(folder), name);
  }
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  makeTortureTree(folder.at('tree'));
  await helper.pack({ folder: folder.at('tree'), overlay: false, output: folder.at('in.tar') });
  await unpackInto(folder);
  assert.deepEqual(folderLines(folder.at('out')), await indexedLines(folder));
});

const HOSTILE: readonly { name: string; tar: Buffer; code: 'ENTRY_REFUSED' | 'ARCHIVE_INVALID' }[] =
  [
    { name: 'a path that climbs', tar: rawTar([{ name: '../outside/x' }]), code: 'ENTRY_REFUSED' },
    {
      name: 'one that climbs later',
      tar: rawTar([{ name: 'a/../../outside/x' }]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'a hard link to a file outside',
      tar: rawTar([{ name: 'x', type: 'hardlink', link: '../outside/secret' }]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'a hard link to an absolute path',
      tar: rawTar([{ name: 'x', type: 'hardlink', link: '/etc/passwd' }]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'a hard link through a symlink',
      tar: rawTar([
        { name: 'out', type: 'symlink', link: '../outside' },
        { name: 'x', type: 'hardlink', link: 'out/secret' },
      ]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'a hard link to a directory',
      tar: rawTar([
        { name: 'd/', type: 'directory' },
        { name: 'x', type: 'hardlink', link: 'd' },
      ]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'a hard link over the directory of its target',
      tar: rawTar([{ name: 'd/f' }, { name: 'd', type: 'hardlink', link: 'd/f' }]),
      code: 'ENTRY_REFUSED',
    },
    { name: 'a whiteout of nothing', tar: rawTar([{ name: '.wh.' }]), code: 'ENTRY_REFUSED' },
    { name: 'a whiteout of ..', tar: rawTar([{ name: 'a/.wh...' }]), code: 'ENTRY_REFUSED' },
    { name: 'a root that is a file', tar: rawTar([{ name: './.' }]), code: 'ENTRY_REFUSED' },
    {
      name: 'a symlink to nothing',
      tar: rawTar([{ name: 'l', type: 'symlink' }]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'an unknown type',
      tar: rawTar([{ name: 'x', flag: 'M' }]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'content that is cut off',
      tar: rawTar([{ name: 'x', content: Buffer.alloc(5000) }]).subarray(0, 2000),
      code: 'ARCHIVE_INVALID',
    },
    {
      name: 'a size that the file does not have',
      tar: rawTar([{ name: 'x', size: 8 * 1024 ** 3 - 1 }]),
      code: 'ARCHIVE_INVALID',
    },
    {
      name: 'a header that is cut off',
      tar: rawTar([{ name: 'x' }]).subarray(0, 300),
      code: 'ARCHIVE_INVALID',
    },
    { name: 'no tar at all', tar: Buffer.alloc(10_000, 'text '), code: 'ARCHIVE_INVALID' },
    {
      name: 'a pax record that lies about its length',
      tar: rawTar([{ name: 'p', type: 'pax', content: '99 path=x\n' }, { name: 'x' }]),
      code: 'ARCHIVE_INVALID',
    },
    {
      name: 'a pax path that climbs',
      tar: rawTar([{ name: 'p', type: 'pax', content: '19 path=../../evil\n' }, { name: 'x' }]),
      code: 'ENTRY_REFUSED',
    },
    {
      name: 'a pax header of 100 MB',
      tar: rawTar([{ name: 'p', type: 'pax', size: 100_000_000 }]),
      code: 'ARCHIVE_INVALID',
    },
  ];

for (const { name, tar, code } of HOSTILE) {
  test(`refused by both: ${name}`, async (t) => {
    const helper = toolsFor(t);
    if (helper === undefined) return;
    using folder = tempFolder();
    mkdirSync(folder.at('outside'));
    writeFileSync(folder.at('outside/secret'), 'secret');
    writeFileSync(folder.at('in.tar'), tar);
    for (const twin of ['native', 'typescript']) {
      mkdirSync(folder.at(twin));
      const options = { tar: folder.at('in.tar'), folder: folder.at(twin), userXattr: false };
      const unpack = () =>
        twin === 'native'
          ? helper.unpack(options)
          : unpackTar({ ...options, host: hostCalls(folder.at(twin)) });
      await assert.rejects(unpack, (error) => isSlipwayError(error, code), twin);
    }
    assert.deepEqual(readdirSync(folder.at('outside')), ['secret']);
    assert.equal(readFileSync(folder.at('outside/secret'), 'utf8'), 'secret');
    assert.deepEqual(readdirSync(folder.path).sort(), [
      'in.tar',
      'native',
      'outside',
      'typescript',
    ]);
  });
}

test('every cut of a tar is refused or unpacks what is whole, in both twins alike', async (t) => {
  const helper = toolsFor(t);
  if (helper === undefined) return;
  const whole = rawTar([
    { name: 'a', content: 'x' },
    { name: 'b/', type: 'directory' },
    { name: 'b/c', content: 'y' },
  ]);
  for (let length = 0; length < whole.length; length += 256) {
    using folder = tempFolder();
    writeFileSync(folder.at('in.tar'), whole.subarray(0, length));
    const codes: unknown[] = [];
    for (const twin of ['native', 'typescript']) {
      mkdirSync(folder.at(twin));
      const options = { tar: folder.at('in.tar'), folder: folder.at(twin), userXattr: false };
      const done = twin === 'native' ? helper.unpack(options) : unpackTar(options);
      codes.push(
        await done.then(
          ({ entries }) => entries,
          (error) => error.code,
        ),
      );
    }
    assert.equal(codes[0], codes[1], `cut at ${length}`);
    const isInside = length < whole.length - 1024 && length % 512 !== 0;
    if (isInside) assert.equal(codes[0], 'ARCHIVE_INVALID', `cut at ${length}`);
  }
});

test('without the helper, deletions are refused and attributes left out aloud', async () => {
  using folder = tempFolder();
  mkdirSync(folder.at('out'));
  const options = { tar: folder.at('in.tar'), folder: folder.at('out'), userXattr: false };
  const pax = { name: 'p', type: 'pax', content: '27 SCHILY.xattr.user.x=abc\n' } as const;
  writeFileSync(folder.at('in.tar'), rawTar([pax, { name: 'f' }, { name: 'q', type: 'fifo' }]));
  const { warnings } = await unpackTar(options);
  assert.deepEqual(warnings, [
    { message: 'extended attribute user.x cannot be set here: left out', path: 'f' },
    { message: 'special files need the native helper: left out', path: 'q' },
  ]);
  writeFileSync(folder.at('in.tar'), rawTar([{ name: '.wh.gone' }]));
  await assert.rejects(unpackTar(options), (error) => isSlipwayError(error, 'HELPER_MISSING'));
});

test('a missing tar or folder, or a folder for a tar', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  writeFileSync(folder.at('in.tar'), rawTar([]));
  const cases = [
    { tar: 'none.tar', folder: '.', code: 'FILE_MISSING' },
    { tar: 'in.tar', folder: 'none', code: 'FILE_MISSING' },
    { tar: 'in.tar', folder: 'in.tar', code: 'FILE_UNUSABLE' },
    { tar: '.', folder: '.', code: 'FILE_UNUSABLE' },
  ] as const;
  for (const { tar, folder: name, code } of cases) {
    const options = { tar: folder.at(tar), folder: folder.at(name), userXattr: false };
    await assert.rejects(helper.unpack(options), (error) => isSlipwayError(error, code), tar);
    await assert.rejects(unpackTar(options), (error) => isSlipwayError(error, code), tar);
  }
});
