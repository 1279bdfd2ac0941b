/** What a step did to a copied root, told apart from what was there: every way to change a name. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { indexTar } from '#layer/index-tar.ts';
import { NativeHelper } from '#layer/native.ts';
import { plainCopySnapshotter } from '#snapshot/plain-copy.ts';
import type { Snapshot } from '#snapshot/snapshotter.ts';
import { LocalStore } from '#store/local-store.ts';
import { canContain } from '#test/helpers/containers.ts';
import { directory, file, hardlink, streamOf, tarOf } from '#test/helpers/entries.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const BASE = [
  directory('d', { mode: 0o750, uid: 5, mtime: { seconds: 1_600_000_000, nanoseconds: 0 } }),
  file('d/f', 'f'),
  file('d/g', 'g'),
  directory('d/sub'),
  file('d/sub/deep', 'x'),
  file('one', 'linked'),
  hardlink('two', 'one'),
  directory('other'),
  file('other/o', 'o'),
];

/** Lines of `kind path` that stay after a script ran in the root. */
async function changesOf(script: string, excluded: readonly string[] = []): Promise<string[]> {
  using folder = tempFolder();
  await using store = await LocalStore.open({ root: folder.at('store') });
  await using lease = await store.lease({ purpose: 'test' });
  const tar = await tarOf(BASE);
  await using ingest = await store.blobs(lease).ingest();
  await ingest.write(tar);
  await ingest.commit({ digest: digestOf(tar) });
  const { index, diffId } = await indexTar(streamOf(tar));
  const layer = await store.layers.addIndex(diffId, index);
  const helper = new NativeHelper(HELPER_PROGRAM);
  await using snapshot: Snapshot = await plainCopySnapshotter(store.paths, { helper }).prepare([
    layer,
  ]);
  execFileSync('sh', ['-ec', script], { cwd: snapshot.upper });
  return listed(await snapshot.changes(excluded));
}

function listed(root: string, below = ''): string[] {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name) => {
      const path = join(below, name);
      const stats = lstatSync(join(root, path));
      if (stats.isDirectory()) return [`folder ${path}`, ...listed(root, path)];
      return [`${stats.isCharacterDevice() ? 'gone' : 'file'} ${path}`];
    });
}

function changed(
  name: string,
  options: {
    readonly script: string;
    readonly excluded?: readonly string[];
    readonly expected: readonly string[];
  },
): void {
  test(name, async (t: TestContext) => {
    if (!canContain(t)) return;
    assert.deepEqual(await changesOf(options.script, options.excluded), options.expected);
  });
}

changed('nothing done, nothing changed', { script: 'cat d/f > /dev/null', expected: [] });
changed('a new file brings its folder', {
  script: 'touch d/new',
  expected: ['folder d', 'file d/new'],
});
changed('a file that goes leaves a whiteout', {
  script: 'rm d/f',
  expected: ['folder d', 'gone d/f'],
});
changed('a folder that goes leaves one', { script: 'rm -r other', expected: ['gone other'] });
changed('modes, owners and contents', {
  script: 'chmod 600 d/f; chown 7 d/g; echo >> d/sub/deep',
  expected: ['folder d', 'file d/f', 'file d/g', 'folder d/sub', 'file d/sub/deep'],
});
changed('a file in the place of a folder', {
  script: 'rm -r other; echo > other',
  expected: ['file other'],
});
changed('a folder that was renamed', {
  script: 'mv other moved',
  expected: ['folder moved', 'file moved/o', 'gone other'],
});
changed('made and removed again: only the folder was touched', {
  script: 'touch d/x; rm d/x',
  expected: ['folder d'],
});
changed('one of two names goes, the other stays as it is', {
  script: 'rm two',
  expected: ['gone two'],
});
changed('a file with two names changes as both', {
  script: 'echo more >> one',
  expected: ['file one', 'file two'],
});
changed('what was mounted over does not count', {
  script: 'echo x > etc/hosts; mkdir dev/y; rm d/f d/g',
  excluded: ['/d/f', '/dev'],
  expected: ['folder d', 'gone d/g'],
});

test('a folder in the place of a folder is opaque, and folders keep their times', async (t) => {
  if (!canContain(t)) return;
  using folder = tempFolder();
  const root = folder.at('root');
  mkdirSync(join(root, 'd/sub'), { recursive: true });
  execFileSync('sh', ['-ec', 'touch d/sub/f; touch -d @1000 d/sub d'], { cwd: root });
  const helper = new NativeHelper(HELPER_PROGRAM);
  const record = folder.at('record');
  await helper.record({ folder: root, output: record });
  execFileSync('sh', ['-ec', 'rm -r d/sub; mkdir d/sub; touch -d @2000 d'], { cwd: root });
  await helper.changes({ folder: root, record, excluded: [] });
  assert.equal(lstatSync(join(root, 'd')).mtimeMs, 2_000_000);
  const output = folder.at('layer.tar');
  await helper.pack({ folder: root, overlay: true, output });
  const names = execFileSync('tar', ['-tf', output]).toString();
  assert.equal(names, 'd/\nd/sub/\nd/sub/.wh..wh..opq\n');
});
