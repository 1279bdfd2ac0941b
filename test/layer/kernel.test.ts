// The kernel's view: a merged image over its tars, mounted, against what `tar -x` makes of the same
// tars. Needs root, EROFS and loop devices; the mounts live in a private namespace of a shell and
// disappear with it.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { EntrySource } from '#archive/entry.ts';
import { checkImage } from '#layer/erofs-check.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { mergedImage } from '#layer/merged-image.ts';
import {
  device,
  directory,
  fifo,
  file,
  hardlink,
  layerIn,
  name,
  symlink,
  tarOf,
} from '#test/helpers/entries.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** Why this machine cannot run these tests; undefined when it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: mounts a file system';
  const known = spawnSync('sh', ['-c', 'grep -qw erofs /proc/filesystems || modprobe erofs']);
  if (known.status !== 0) return 'needs EROFS in the kernel';
  for (const tool of ['losetup', 'tar', 'unshare', 'find', 'getfattr']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `needs ${tool}`;
  }
  const loop = spawnSync('losetup', ['--find']);
  return loop.status === 0 ? undefined : 'needs a free loop device';
}

/** Runs a script in a mount namespace where $MOUNTED is the merged image. */
function inMounted(folder: TempFolder, layers: readonly LayerFiles[], script: string): Buffer {
  const image = folder.at('merged.erofs');
  const bytes = mergedImage(layers);
  checkImage(bytes);
  writeFileSync(image, bytes);
  const mounted = folder.at('mounted');
  mkdirSync(mounted, { recursive: true });
  const setUp = `
    set -eu
    image=$1; export MOUNTED=$2 EXPECTED=$3 LC_ALL=C; shift 3
    loops= options=ro
    for tar; do
      loop=$(losetup --find --show --read-only "$tar")
      loops="$loops $loop" options="$options,device=$loop"
    done
    loop=$(losetup --find --show --read-only "$image")
    trap 'losetup --detach $loops $loop 2>/dev/null' EXIT
    mount -t erofs -o "$options" "$loop" "$MOUNTED"
    losetup --detach $loops $loop  # lazily: when the mount goes
  `;
  const args = [image, mounted, folder.at('expected'), ...layers.map(({ tar }) => tar)];
  return execFileSync('unshare', ['--mount', 'sh', '-c', `${setUp}\n${script}`, 'sh', ...args], {
    maxBuffer: 2 ** 26,
  });
}

/** Metadata of all files below $1; the size and link count of directories depend on the file system. */
const DESCRIBE = `
  describe() { (
    cd "$1"
    find . ! -type d -printf '%P %y %m %U %G %s %n %T@ %l\\0' | sort -z | tr '\\0' '\\n'
    find . -type d -printf '%P %y %m %U %G %T@\\0' | sort -z | tr '\\0' '\\n'
    find . -type c -print0 -o -type b -print0 | sort -z | xargs -0r stat -c '%n %t:%T'
    find . ! -type l -print0 | sort -z | xargs -0 getfattr -h -d -m '^(user|security|trusted)' -e hex
    find . -type f -print0 | sort -z | xargs -0r sha256sum
  ); }
`;

/** Extracts tars one over the other and compares with the mounted chain. */
function compare(folder: TempFolder, layers: readonly LayerFiles[]): void {
  mkdirSync(folder.at('expected'));
  for (const { tar } of layers) {
    const options = [
      '--warning=no-timestamp',
      '--numeric-owner',
      '-p',
      '--xattrs',
      '--xattrs-include=*',
      '--same-owner',
    ];
    const done = spawnSync('tar', ['-x', ...options, '-f', tar, '-C', folder.at('expected')]);
    assert.equal(done.stderr.toString(), '');
    assert.equal(done.status, 0);
  }
  const [expected = '', seen = ''] = inMounted(
    folder,
    layers,
    `${DESCRIBE}
     describe "$EXPECTED"; echo '=== mounted'; describe "$MOUNTED"`,
  )
    .toString('latin1')
    .split('=== mounted\n');
  assert.ok(expected.length > 1000);
  assert.deepEqual(seen.split('\n'), expected.split('\n'));
}

/** erofs-layout §13, as far as ext4 can hold it beside. */
function tortureTree(): EntrySource[] {
  const deep = Array.from({ length: 60 }, (_, i) => `l${i}`);
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
  return [
    directory('', { mode: 0o755 }),
    ...[0, 1, 511, 512, 513, 1_000_000].map((size) =>
      file(`size-${size}`, Buffer.alloc(size, `content of ${size};`)),
    ),
    hardlink('link-of-513', 'size-513'),
    hardlink('link-of-empty', 'size-0'),
    ...[1, 440, 480, 4000, 4094].map((size) => symlink(`symlink-${size}`, 't'.repeat(size))),
    fifo('fifo', { mode: 0o600 }),
    device('char', { kind: 'char', major: 300, minor: 70_000, mode: 0o666 }),
    device('block', { kind: 'block', major: 8, minor: 1 }),
    file('setuid', 'x', { mode: 0o4755 }),
    file('setgid', 'x', { mode: 0o2755 }),
    directory('sticky', { mode: 0o1777 }),
    file('owned', 'x', { uid: 4_000_000_000, gid: 4_000_000_001 }),
    file('in-1969', 'x', { mtime: { seconds: -86_400, nanoseconds: 0 } }),
    file('in-2150', 'x', { mtime: { seconds: 5_680_281_600, nanoseconds: 0 } }),
    ...['!', '+', '-', '.a', '..b', '...', '~', 'n'.repeat(255)].map((one) => file(one, one)),
    bytesNamed(Buffer.from([0xff, 0xfe, 0x80])),
    bytesNamed(Buffer.from('\u{1f600}')),
    ...deep.map((_, i) => directory(deep.slice(0, i + 1).join('/'))),
    file(`${deep.join('/')}/bottom`, 'x'),
    directory('many'),
    ...Array.from({ length: 3000 }, (_, i) => file(`many/entry-${i}`, i % 10 === 0 ? `${i}` : '')),
    file('capable', 'x', { mode: 0o755, xattrs: { 'security.capability': capability } }),
    file('attributes', 'x', {
      xattrs: { 'user.long': 'v'.repeat(3000), 'user.a': '', 'trusted.t': 'T' },
    }),
    directory('attributed', { xattrs: { 'user.d': Buffer.from([0, 1, 255]) } }),
  ];
}

function bytesNamed(bytes: Buffer): EntrySource {
  const source = file('x', 'odd name');
  return { ...source, entry: { ...source.entry, path: name(bytes) } };
}

function guarded(what: string, run: (t: TestContext) => Promise<void>): void {
  test(what, async (t) => {
    const reason = obstacle();
    if (reason !== undefined) return t.skip(reason);
    await run(t);
  });
}

guarded('the torture tree, written by us', async () => {
  using folder = tempFolder();
  compare(folder, [await layerIn(folder.path, await tarOf(tortureTree()))]);
});

for (const [dialect, options] of [
  ['GNU', ['--format=gnu']],
  ['pax', ['--format=posix', '--xattrs', '--xattrs-include=*']],
  ['pax sparse 0.0', ['--format=posix', '-S', '--sparse-version=0.0']],
  ['pax sparse 0.1', ['--format=posix', '-S', '--sparse-version=0.1']],
  ['pax sparse 1.0', ['--format=posix', '-S', '--sparse-version=1.0']],
  ['old GNU sparse', ['--format=gnu', '-S']],
] as const) {
  guarded(`the torture tree, written by GNU tar in ${dialect}`, async () => {
    using folder = tempFolder();
    using source = tempFolder();
    const unpack = [
      '--warning=no-timestamp',
      '-xpf',
      '-',
      '--numeric-owner',
      '--xattrs',
      '--xattrs-include=*',
      '-C',
      source.path,
    ];
    execFileSync('tar', unpack, { input: await tarOf(tortureTree()) });
    for (const script of [
      'printf start > s1; truncate -s 1000003 s1',
      'truncate -s 500000 s2; printf end >> s2',
      'truncate -s 700000 s3',
      'for i in $(seq 0 40); do printf "piece $i" | dd of=s4 bs=65536 seek=$i conv=notrunc status=none; done',
      'touch -d "1969-06-01 12:00:00.25 UTC" s1; touch -d "2150-01-01 00:00:00.987654321 UTC" s2',
    ]) {
      execFileSync('sh', ['-c', script], { cwd: source.path });
    }
    const tar = execFileSync(
      'tar',
      ['-cf', '-', ...options, '--numeric-owner', '-C', source.path, '.'],
      {
        maxBuffer: 2 ** 26,
      },
    );
    compare(folder, [await layerIn(folder.path, tar)]);
  });
}

guarded('two layers: implicit parents, duplicates and changes of kind', async () => {
  using folder = tempFolder();
  const second = await tarOf([
    file('many/entry-5', 'changed'),
    file('size-513', 'first'),
    file('size-513', 'second'),
    directory('size-1/now-a'),
    symlink('sticky', 'many'),
    hardlink('late-link', 'size-512'),
    file('new/implicit/parent', 'x'),
  ]);
  // tar -x does not replace a file by an implicit directory, nor invent epoch times: say both.
  const first = await tarOf(tortureTree().filter(({ entry }) => entry.path !== 'size-1'));
  const explicit = await tarOf([
    directory('new', { mode: 0o755 }),
    directory('new/implicit', { mode: 0o755 }),
    directory('size-1'),
    directory('', { mode: 0o700 }),
    directory('many', { mode: 0o711 }),
  ]);
  const tars = [first, second, explicit];
  const layers: LayerFiles[] = [];
  for (const tar of tars) layers.push(await layerIn(folder.path, tar));
  compare(folder, layers);
});

guarded('whiteouts and opaque directories are gone from what the kernel sees', async () => {
  using folder = tempFolder();
  const layers: LayerFiles[] = [];
  for (const sources of [
    [file('a'), file('d/x'), file('d/y'), file('o/z'), file('keep', 'k')],
    [
      file('.wh.a'),
      file('d/.wh.x'),
      file('o/new'),
      file('o/.wh..wh..opq'),
      hardlink('two', 'keep'),
    ],
  ]) {
    layers.push(await layerIn(folder.path, await tarOf(sources)));
  }
  const seen = inMounted(
    folder,
    layers,
    'cd "$MOUNTED"; find . | sort; stat -c %h keep; cat two; getfattr -R -d -m - .',
  );
  assert.equal(seen.toString(), '.\n./d\n./d/y\n./keep\n./o\n./o/new\n./two\n2\nk');
});

guarded('attributes that ext4 cannot hold: 65,000 bytes, and both ACLs', async () => {
  using folder = tempFolder();
  const acl = Buffer.from('0200000001000600ffffffff04000400ffffffff20000400ffffffff', 'hex');
  const big = Buffer.alloc(65_000, 'big');
  const layer = await layerIn(
    folder.path,
    await tarOf([
      directory('d', {
        mode: 0o755,
        xattrs: { 'system.posix_acl_access': acl, 'system.posix_acl_default': acl },
      }),
      file('f', 'x', { xattrs: { 'user.big': big } }),
    ]),
  );
  const out = folder.at('value');
  writeFileSync(out, '');
  inMounted(folder, [layer], `getfattr -n user.big --only-values "$MOUNTED/f" > '${out}'`);
  assert.ok(readFileSync(out).equals(big));
  const acls = inMounted(
    folder,
    [layer],
    'getfattr --absolute-names -d -m posix_acl -e hex "$MOUNTED/d" | grep =',
  );
  assert.deepEqual(acls.toString().trim().split('\n').sort(), [
    `system.posix_acl_access=0x${acl.toString('hex')}`,
    `system.posix_acl_default=0x${acl.toString('hex')}`,
  ]);
});
