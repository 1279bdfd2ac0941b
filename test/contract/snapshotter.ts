/**
 * What every Snapshotter promises: a chain of layers looks to a container as the same tars unpacked
 * one over the other with GNU tar, deletions applied. Seen with find, getfattr and sha256sum.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { indexTar } from '#layer/index-tar.ts';
import type { LayerFiles } from '#layer/layer.ts';
import type { Snapshotter } from '#snapshot/snapshotter.ts';
import { LocalStore } from '#store/local-store.ts';
import type { StorePaths } from '#store/paths.ts';
import { canContain } from '#test/helpers/containers.ts';
import { debianTar } from '#test/helpers/debian-tar.ts';
import {
  device,
  directory,
  file,
  hardlink,
  streamOf,
  symlink,
  tarOf,
} from '#test/helpers/entries.ts';
import { NOT_OF_THE_LAYERS, withMountedRoot } from '#test/helpers/mounted-root.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { makeTortureTree, sparseFiles } from '#test/helpers/torture-tree.ts';
import { missingTreeProgram, treeLines } from '#test/helpers/tree-lines.ts';

type MakeSnapshotter = (paths: StorePaths) => Promise<Snapshotter>;

interface Site {
  readonly folder: TempFolder;
  readonly paths: StorePaths;
  /** Takes a tar in as a layer. */
  layer(tar: Buffer): Promise<LayerFiles>;
}

async function withSite(work: (site: Site) => Promise<void>): Promise<void> {
  using folder = tempFolder();
  await using store = await LocalStore.open({ root: folder.at('store') });
  await using lease = await store.lease({ purpose: 'test' });
  await work({
    folder,
    paths: store.paths,
    async layer(tar) {
      await using ingest = await store.blobs(lease).ingest();
      await ingest.write(tar);
      await ingest.commit({ digest: digestOf(tar) });
      const { index, diffId } = await indexTar(streamOf(tar));
      return await store.layers.addIndex(diffId, index);
    },
  });
}

const EXTRACT = [
  '-p',
  '--same-owner',
  '--numeric-owner',
  '--xattrs',
  '--xattrs-include=*',
  '--warning=no-timestamp',
];

/** GNU tar's tree: before each layer what it deletes goes, its own marks are not unpacked. */
function expectedTree(folder: string, tars: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const tar of tars) {
    const names = execFileSync('tar', ['-tf', tar, '--quoting-style=literal'], {
      maxBuffer: 2 ** 28,
    });
    for (const name of names.toString('latin1').split('\n')) {
      const [, parent, hidden] = /^(.*\/|)\.wh\.([^/]+)$/.exec(name) ?? [];
      if (parent === undefined || hidden === undefined) continue;
      const gone = hidden === '.wh..opq' ? `${parent}*` : `${parent}${hidden}`;
      execFileSync('sh', ['-c', `cd "$1" && rm -rf ${gone}`, 'sh', folder]);
    }
    execFileSync('tar', ['-xf', tar, '-C', folder, ...EXTRACT, '--exclude=.wh.*']);
  }
}

async function sameTree(
  { folder, paths, layer }: Site,
  make: MakeSnapshotter,
  tars: readonly Buffer[],
): Promise<void> {
  const layers: LayerFiles[] = [];
  for (const tar of tars) layers.push(await layer(tar));
  expectedTree(
    folder.at('expected'),
    layers.map(({ tar }) => tar),
  );
  await using snapshot = await (await make(paths)).prepare(layers);
  await withMountedRoot(snapshot, folder.at('tools'), (root) => {
    const without = [
      ...NOT_OF_THE_LAYERS,
      ...(existsSync(folder.at('expected/etc')) ? [] : ['etc']),
    ];
    const seen = treeLines(root, without);
    const expected = treeLines(folder.at('expected'), without);
    const known = new Set(expected);
    const had = new Set(seen);
    assert.deepEqual(
      {
        tooMuch: seen.filter((line) => !known.has(line)),
        missing: expected.filter((line) => !had.has(line)),
      },
      { tooMuch: [], missing: [] },
    );
    assert.equal(seen.length, expected.length);
    assert.ok(seen.length > 3, 'nothing was compared');
  });
}

const FORMS: readonly (readonly [string, readonly string[]])[] = [
  ['GNU, old sparse', ['--format=gnu', '--sparse']],
  ['pax, sparse 0.0', ['--format=posix', '--sparse', '--sparse-version=0.0']],
  ['pax, sparse 0.1', ['--format=posix', '--sparse', '--sparse-version=0.1']],
  ['pax, sparse 1.0, attributes', ['--format=posix', '--sparse', '--xattrs', '--xattrs-include=*']],
];

/** Several layers: what a later one says about an earlier, in every way there is. */
const CHAINS: readonly (readonly [string, () => Promise<readonly Buffer[]>])[] = [
  [
    'whiteouts before and after their siblings, opaque folders, a folder for a file and back',
    async () => [
      await tarOf([
        directory('d', { mode: 0o750, uid: 5 }),
        file('d/gone', 'gone'),
        file('d/stays', 'stays'),
        directory('opaque'),
        file('opaque/old', 'old'),
        directory('opaque/sub'),
        file('opaque/sub/old', 'old'),
        file('file', 'file'),
        directory('folder'),
        file('folder/in it', 'x'),
        symlink('link', 'd'),
      ]),
      await tarOf([
        file('d/.wh.gone'),
        file('d/new', 'new'),
        file('opaque/new', 'new'),
        file('opaque/.wh..wh..opq'),
        file('.wh.file'),
        file('.wh.link'),
        directory('opaque', { mode: 0o711 }),
        directory('d', { mode: 0o700, uid: 6 }),
      ]),
      await tarOf([
        file('.wh.folder'),
        directory('file', { mode: 0o701 }),
        file('file/in it', 'y'),
        file('d/gone', 'back again'),
        directory('d', { mode: 0o755 }),
      ]),
    ],
  ],
  [
    'duplicates, the last counts; folders that come twice',
    async () => [
      await tarOf([
        file('a', 'first'),
        file('a', 'second, longer', { mode: 0o600 }),
        directory('d', { mode: 0o700 }),
        file('d/f', 'f'),
        directory('d', { mode: 0o711, uid: 9, mtime: { seconds: 5, nanoseconds: 0 } }),
      ]),
    ],
  ],
  [
    'hard links into the layers below, one of several names, to an empty file and to a symlink',
    async () => [
      await tarOf([
        directory('low', { mode: 0o751, uid: 3, gid: 4, xattrs: { 'user.of': 'low' } }),
        file('low/a', 'shared content', { uid: 7, mode: 0o4755, xattrs: { 'user.x': 'y' } }),
        hardlink('low/b', 'low/a'),
        file('low/empty'),
        symlink('low/soft', 'nowhere'),
        file('low/alone', 'untouched'),
      ]),
      await tarOf([
        hardlink('linked', 'low/a'),
        directory('up'),
        hardlink('up/empty', 'low/empty'),
        hardlink('up/soft', 'low/soft'),
        hardlink('up/again', 'linked'),
      ]),
      await tarOf([hardlink('third', 'up/again')]),
    ],
  ],
  [
    'many names in one folder, and sixty levels over two layers',
    async () => {
      const deep = Array.from({ length: 60 }, (_, i) => `l${i}`);
      const folders = deep.map((_, i) => directory(deep.slice(0, i + 1).join('/')));
      return [
        await tarOf([
          directory('many'),
          ...Array.from({ length: 3000 }, (_, i) => file(`many/f${i}`, `${i}`)),
          ...folders,
        ]),
        await tarOf([
          ...folders,
          file(`${deep.join('/')}/bottom`, 'deep'),
          directory('many'),
          file('many/.wh.f1500'),
          file('many/f7', 'other'),
        ]),
      ];
    },
  ],
];

export interface SnapshotterUnderTest {
  readonly make: MakeSnapshotter;
  /** Says why it cannot run here. */
  readonly obstacle: () => Promise<string | undefined>;
  /** Only one form of the torture tree, and no Debian: for a variant of another one. */
  readonly isVariant?: boolean;
}

/** Runs it all on one kind of snapshotter. */
export function snapshotterContract(
  name: string,
  { make, obstacle, isVariant = false }: SnapshotterUnderTest,
): void {
  const each = (what: string, body: (site: Site, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${what}`, async (t) => {
      if (!canContain(t)) return;
      const reason = missingTreeProgram() ?? (await obstacle());
      if (reason !== undefined) return t.skip(reason);
      await withSite((site) => body(site, t));
    });
  };

  for (const [form, options] of isVariant ? FORMS.slice(-1) : FORMS) {
    each(`the torture tree, ${form}`, async (site) => {
      const source = site.folder.at('source');
      mkdirSync(source);
      makeTortureTree(source);
      sparseFiles(source);
      const args = ['-cf', '-', '--numeric-owner', ...options, '-C', source, '.'];
      await sameTree(site, make, [execFileSync('tar', args, { maxBuffer: 2 ** 28 })]);
    });
  }

  for (const [what, tars] of CHAINS) {
    each(what, async (site) => await sameTree(site, make, await tars()));
  }

  each('parents that no entry describes keep what the layers below say', async (site) => {
    const below = await tarOf([
      directory('low', {
        mode: 0o2750,
        uid: 3,
        gid: 4,
        mtime: { seconds: 1_600_000_000, nanoseconds: 0 },
        xattrs: { 'user.of': 'low' },
      }),
      directory('low/deep', { mode: 0o700, mtime: { seconds: -5, nanoseconds: 0 } }),
    ]);
    // GNU tar would change the times of the folders: they are compared with the layer below alone.
    const { folder, paths, layer } = site;
    const layers = [
      await layer(below),
      await layer(await tarOf([file('low/deep/new', 'x'), file('nowhere/before', 'y')])),
    ];
    expectedTree(folder.at('expected'), [layers[0]?.tar ?? '']);
    await using snapshot = await (await make(paths)).prepare(layers);
    await withMountedRoot(snapshot, folder.at('tools'), (root) => {
      const without = [...NOT_OF_THE_LAYERS, 'etc', 'nowhere', 'low/deep/new'];
      assert.deepEqual(treeLines(root, without), treeLines(folder.at('expected'), without));
      const stat = spawnSync('stat', ['-c', '%a %u %g %Y', `${root}/nowhere`]);
      assert.equal(stat.stdout.toString(), '755 0 0 0\n');
    });
  });

  each(
    'what stands behind a symlink of a layer below is written to no other place',
    async (site) => {
      const { folder, paths, layer } = site;
      mkdirSync(folder.at('outside'));
      const layers = [
        await layer(
          await tarOf([
            symlink('out', folder.at('outside')),
            directory('real'),
            symlink('in', 'real'),
          ]),
        ),
        await layer(await tarOf([file('out/file', 'x'), file('in/file', 'y')])),
      ];
      await using snapshot = await (await make(paths)).prepare(layers);
      await withMountedRoot(snapshot, folder.at('tools'), (root) => {
        const lines = treeLines(root, [...NOT_OF_THE_LAYERS, 'etc']).filter((line) =>
          / (?:out|in)\/|\|d\|/.test(line),
        );
        assert.deepEqual(
          lines.map((line) => line.split('|', 2).join(' ')),
          ['in d', 'out d', 'real d'],
        );
      });
      assert.deepEqual(readdirSync(folder.at('outside')), []);
    },
  );

  each('a device 0:0 of the layer itself is no name in a container', async (site) => {
    const { folder, paths, layer } = site;
    const layers = [
      await layer(await tarOf([device('d', { kind: 'char', major: 0, minor: 0 }), file('f', 'x')])),
    ];
    await using snapshot = await (await make(paths)).prepare(layers);
    await withMountedRoot(snapshot, folder.at('tools'), (root) => {
      assert.equal(existsSync(`${root}/d`), false);
      assert.equal(existsSync(`${root}/f`), true);
    });
  });

  if (isVariant) return;
  each('a root file system of Debian', async (site, t) => {
    const tar = await debianTar();
    if (typeof tar === 'string') return t.skip(tar);
    await sameTree(site, make, [tar]);
  });
}
