/** Root file systems between `export` and `import` of docker, podman and ours: the same tree. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { after, describe, it } from 'node:test';
import pLimit from 'p-limit';
import type { EntrySource } from '#archive/entry.ts';
import { readTar } from '#archive/tar-read.ts';
import { parseReference } from '#core/reference.ts';
import { exportRoot } from '#image/export.ts';
import { importImage } from '#image/import.ts';
import { loadImages } from '#image/load.ts';
import { saveImages } from '#image/save.ts';
import { cannotStartDockerd } from '#test/helpers/dockerd.ts';
import { collect, directory, fifo, file, hardlink, symlink } from '#test/helpers/entries.ts';
import { type ImageFixture, imageFixture, PLATFORM } from '#test/helpers/layered-images.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { applyLayers, type FlatNode, type FlatTree } from '#test/helpers/trees.ts';
import type { Host } from './host.ts';
import { type OpenTool, openDocker, openWithStore } from './tools.ts';

interface Tool {
  readonly title: string;
  /** Its copies of layers have folders of now. */
  readonly losesFolderTimes?: boolean;
  unfit(host: Host): Promise<string | undefined>;
  open(host: Host): Promise<OpenTool>;
}

type Body = (tool: OpenTool, ours: ImageFixture, folder: TempFolder) => Promise<void>;

const TOOLS: readonly Tool[] = [
  ...(['classic', 'containerd'] as const).map(
    (store): Tool => ({
      title: `docker (${store} store)`,
      // Of containerd's native snapshotter, the only one that works on every file system.
      losesFolderTimes: store === 'containerd',
      unfit: (host) => cannotStartDockerd(host, store),
      open: (host) => openDocker(host, store),
    }),
  ),
  {
    title: 'podman',
    unfit: (host) => host.unfit('podman'),
    open: (host) => openWithStore(host, 'podman'),
  },
];

const NAME = 'localhost/tree:1';
/** cap_net_raw=ep, as vfs_cap_data of version 2. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');

const LAYERS: readonly (readonly EntrySource[])[] = [
  [
    directory('etc'),
    file('etc/gone', 'gone'),
    file('etc/kept', 'kept', { mode: 0o4755, uid: 3_000_000, gid: 5 }),
    directory('opt'),
    directory('opt/old', { mode: 0o1777 }),
    file('opt/old/x', 'x'),
    file('lower', 'lower'),
    fifo('fifo'),
  ],
  [
    // What changed a folder lists it: else whoever unpacks it gives it the time of unpacking.
    directory('etc'),
    directory('opt/old', { mode: 0o1777 }),
    file('etc/.wh.gone'),
    file('opt/old/.wh..wh..opq'),
    file('opt/old/new', 'new'),
    hardlink('upper', 'lower'),
    symlink('link', 'etc/kept'),
    file('ping', 'p', { xattrs: { 'security.capability': CAPABILITY } }),
    file(`etc/${'long'.repeat(40)}`, 'long name'),
  ],
];

export function testTreeMatrix(host: Host): void {
  for (const tool of TOOLS) {
    describe(tool.title, () => {
      let opened: Promise<OpenTool> | undefined;
      after(async () => await (await opened)?.[Symbol.asyncDispose]());
      for (const [title, body] of Object.entries(casesFor(tool))) {
        it(title, async (t) => {
          const unfit = await tool.unfit(host);
          if (unfit !== undefined) return t.skip(unfit);
          opened ??= tool.open(host);
          using folder = tempFolder();
          await using fixture = await imageFixture();
          await fixture.add(NAME, LAYERS);
          await body(await opened, fixture, folder);
        });
      }
    });
  }
}

function casesFor(tool: Tool): Readonly<Record<string, Body>> {
  return {
    'imports what we export': importsOurs,
    'exports what we export': (...given) => exportsAlike(tool, ...given),
  };
}

/** And saves it, and we load that. */
async function importsOurs(tool: OpenTool, ours: ImageFixture, folder: TempFolder): Promise<void> {
  const root = folder.at('root.tar');
  await exportRoot(NAME, { ...ours.look, output: root });
  await tool.run('import', root, 'localhost/imported:1');
  await tool.run('save', '-o', folder.at('saved.tar'), 'localhost/imported:1');
  await using back = await imageFixture();
  const input = folder.at('saved.tar');
  await loadImages({ store: back.store, input, platform: PLATFORM, limit: pLimit(2) });
  const again = folder.at('again.tar');
  await exportRoot('localhost/imported:1', { ...back.look, output: again });
  assert.deepEqual(await treeIn(again), await treeIn(root));
}

/** And we import what it exports. */
async function exportsAlike(
  { losesFolderTimes = false }: Tool,
  tool: OpenTool,
  ours: ImageFixture,
  folder: TempFolder,
): Promise<void> {
  const [saved, theirs, root] = ['saved.tar', 'theirs.tar', 'root.tar'].map((x) => folder.at(x));
  assert.ok(saved && theirs && root);
  await saveImages({ store: ours.store, images: [NAME], output: saved, platform: PLATFORM });
  await exportRoot(NAME, { ...ours.look, output: root });
  await tool.run('load', '-i', saved);
  const container = await tool.run('create', NAME, 'none');
  await tool.run('export', '-o', theirs, container);
  await tool.run('rm', container);
  const comparable = (tree: FlatTree) => withoutContainer(tree, losesFolderTimes);
  assert.deepEqual(comparable(await treeIn(theirs)), comparable(await treeIn(root)));
  await using back = await imageFixture();
  await importImage({
    store: back.store,
    content: createReadStream(theirs),
    source: theirs,
    name: parseReference('localhost/back:1'),
    config: {},
    platform: PLATFORM,
    message: 'test',
    created: '2026-01-02T03:04:05Z',
  });
  await exportRoot('localhost/back:1', { ...back.look, output: folder.at('back.tar') });
  assert.deepEqual(await treeIn(folder.at('back.tar')), await treeIn(theirs));
}

/** Of the root itself tars of docker say nothing. */
async function treeIn(path: string): Promise<FlatTree> {
  const entries: EntrySource[] = [];
  for await (const { entry, content } of readTar(createReadStream(path))) {
    if (entry.kind !== 'file') entries.push({ entry });
    else {
      const bytes = await collect(content());
      entries.push({ entry, content: () => [bytes] });
    }
  }
  const tree = new Map(await applyLayers([entries]));
  tree.delete('');
  return tree;
}

/** What making a container adds: its mount points, and the times of the folders that got them. */
function withoutContainer(tree: FlatTree, losesFolderTimes: boolean): FlatTree {
  const left = new Map<string, FlatNode>();
  for (const [path, node] of tree) {
    if (MOUNT_POINT.test(path)) continue;
    const isTimeless = path === 'etc' || (losesFolderTimes && node.kind === 'directory');
    left.set(path, isTimeless ? { ...node, mtime: '' } : node);
  }
  return left;
}

const MOUNT_POINT =
  /^(\.dockerenv|dev(\/.*)?|proc|sys|run(\/.*)?|etc\/(hosts|hostname|resolv\.conf|mtab))$/;
