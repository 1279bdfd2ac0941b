/** Roots from chains of layers: what both snapshotters promise, and the parts they share. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Entry, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { toByteString } from '#core/bytes.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { writeLayer } from '#layer/layer-writer.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { NativeHelper } from '#layer/native.ts';
import { erofsSnapshotter } from '#snapshot/erofs-overlay.ts';
import { folderSnapshotter } from '#snapshot/folder-overlay.ts';
import { makeFolderIn } from '#snapshot/make-folder.ts';
import type { Snapshotter } from '#snapshot/snapshotter.ts';
import { stubFolder } from '#snapshot/stubs.ts';
import { LocalStore } from '#store/local-store.ts';
import type { StorePaths } from '#store/paths.ts';
import { cannotRunContainers, HELPER } from '#test/helpers/engine.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const skip = cannotRunContainers();
const helper = new NativeHelper(HELPER);

interface Fixture {
  readonly paths: StorePaths;
  layer(...entries: readonly Entry[]): Promise<LayerFiles>;
}

async function withStore(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  using folder = tempFolder();
  await using store = await LocalStore.open({ root: folder.at('store') });
  await using lease = await store.lease({ purpose: 'test' });
  await work({
    paths: store.paths,
    async layer(...entries) {
      await using ingest = await store.blobs(lease).ingest();
      const { diffId, index } = await writeLayer(
        entries.map((entry) => ({ entry })),
        ingest,
      );
      return await store.layers.addIndex(diffId, index);
    },
  });
}

const shared = { uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };

function folder(path: string, change: Partial<Entry> = {}): Entry {
  return { ...shared, mode: 0o755, ...change, kind: 'directory', path: toByteString(path) };
}

function link(path: string, target: string): Entry {
  return {
    ...shared,
    mode: 0o777,
    kind: 'symlink',
    path: toByteString(path),
    target: toByteString(target),
  };
}

const kinds: readonly (readonly [string, (paths: StorePaths) => Snapshotter])[] = [
  ['erofs', (paths) => erofsSnapshotter(paths, { backing: 'file', helper })],
  ['folders', (paths) => folderSnapshotter(paths, { helper })],
];

for (const [name, make] of kinds) {
  const needs = name === 'folders' ? skip : false;

  test(`${name}: an empty chain has the stub folder alone below it`, { skip: needs }, () =>
    withStore(async ({ paths }) => {
      await using snapshot = await make(paths).prepare([]);
      assert.deepEqual(snapshot.rootfs.lowers, [{ kind: 'folder', path: paths.stubs }]);
      assert.deepEqual(readdirSync(snapshot.upper), []);
    }),
  );

  test(`${name}: each root is its own, and gone when disposed`, { skip: needs }, () =>
    withStore(async ({ paths, layer }) => {
      const layers = [await layer(folder('a'))];
      const snapshotter = make(paths);
      await using first = await snapshotter.prepare(layers);
      const second = await snapshotter.prepare(layers);
      writeFileSync(join(second.upper, 'x'), 'x');
      assert.deepEqual(readdirSync(first.upper), []);
      assert.deepEqual(second.rootfs.lowers, first.rootfs.lowers);
      await second[Symbol.asyncDispose]();
      assert.equal(existsSync(second.upper), false);
      assert.deepEqual(readdirSync(paths.trash), []);
    }),
  );
}

test('erofs: one image for the chain, its tars as devices base first, made once', () =>
  withStore(async ({ paths, layer }) => {
    const layers = [await layer(folder('a')), await layer(folder('b'))];
    const snapshotter = erofsSnapshotter(paths, { backing: 'file', helper });
    await using snapshot = await snapshotter.prepare(layers);
    const [lower] = snapshot.rootfs.lowers;
    assert.ok(lower?.kind === 'erofs');
    assert.deepEqual(
      lower.devices,
      layers.map(({ tar }) => tar),
    );
    const { ino } = statSync(lower.image);
    await using again = await snapshotter.prepare(layers);
    assert.deepEqual(again.rootfs.lowers, snapshot.rootfs.lowers);
    assert.equal(statSync(lower.image).ino, ino);
  }));

test('folders: top first, and a layer that comes twice counts at its topmost place', { skip }, () =>
  withStore(async ({ paths, layer }) => {
    const a = await layer(folder('a'));
    const b = await layer(folder('b'));
    await using snapshot = await folderSnapshotter(paths, {
      helper: new NativeHelper(HELPER),
    }).prepare([a, b, a]);
    assert.deepEqual(
      snapshot.rootfs.lowers.map((lower) => (lower.kind === 'folder' ? lower.path : '')),
      [paths.folder(a.diffId), paths.folder(b.diffId), paths.stubs],
    );
  }),
);

test('folders: a failed unpack leaves no folder that looks whole', { skip }, () =>
  withStore(async ({ paths, layer }) => {
    const good = await layer(folder('a'));
    const bad = { ...good, tar: join(paths.root, 'missing.tar') };
    const snapshotter = folderSnapshotter(paths, { helper });
    await assert.rejects(snapshotter.prepare([bad]));
    assert.equal(existsSync(paths.folder(good.diffId)), false);
    assert.deepEqual(readdirSync(paths.ingest), []);
  }),
);

test('stubs: made once, also by many at the same time', () =>
  withStore(async ({ paths }) => {
    const made = await Promise.all(Array.from({ length: 8 }, () => stubFolder(paths)));
    assert.deepEqual(new Set(made), new Set([paths.stubs]));
    assert.deepEqual(readdirSync(paths.stubs), ['dev', 'etc', 'proc', 'sys']);
    assert.deepEqual(readdirSync(join(paths.stubs, 'etc')), ['hosts', 'resolv.conf']);
    assert.deepEqual(readdirSync(paths.ingest), []);
  }));

test('a missing folder is made in the upper, its parents as they are below, links followed', () =>
  withStore(async ({ paths, layer }) => {
    const upper = join(paths.root, 'upper');
    mkdirSync(upper);
    const layers = [await layer(folder('real', { mode: 0o700 }), link('alias', '/real'))];
    using tree = MergedTree.open(layers);
    makeFolderIn(upper, { tree, path: '/alias/new/deep' });
    assert.deepEqual(readdirSync(upper, { recursive: true }), [
      'real',
      'real/new',
      'real/new/deep',
    ]);
    assert.equal(statSync(join(upper, 'real')).mode & 0o7777, 0o700);
    assert.equal(statSync(join(upper, 'real/new')).mode & 0o7777, 0o755);
    makeFolderIn(upper, { tree, path: '/real' });
    makeFolderIn(upper, { tree, path: '/' });
    assert.deepEqual(readdirSync(upper), ['real']);
  }));
