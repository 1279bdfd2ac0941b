/** Contexts scanned by the helper: the same tree as file by file, and nothing read twice. */
import assert from 'node:assert/strict';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderTree } from '#build/context.ts';
import { type ContextScanner, ignoredPaths } from '#build/context-scan.ts';
import { type FileTree, joinPath } from '#build/file-tree.ts';
import { sourcesDigest } from '#build/sources.ts';
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { compileIgnore } from '#dockerfile/dockerignore.ts';
import { NativeHelper } from '#layer/native.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { HostBatch, hasPython } from '#test/helpers/host-calls.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

function contextIn(folder: TempFolder): string {
  const files = ['a', 'b/c', 'b/d/e', 'logs/x', 'logs/keep', 'logs/deep/y', 'node_modules/m', 'é'];
  for (const path of files) {
    mkdirSync(dirname(folder.at('ctx', path)), { recursive: true });
    writeFileSync(folder.at('ctx', path), path);
  }
  mkdirSync(folder.at('ctx/empty'));
  chmodSync(folder.at('ctx/b/c'), 0o4751);
  symlinkSync('../a', folder.at('ctx/b/link'));
  linkSync(folder.at('ctx/a'), folder.at('ctx/b/same'));
  return folder.at('ctx');
}

interface Counting extends ContextScanner {
  readonly hashed: number[];
}

function scannerIn(folder: TempFolder, program = HELPER): Counting {
  const helper = new NativeHelper(program);
  const hashed: number[] = [];
  return {
    helper: {
      scan: async (options) => {
        const result = await helper.scan(options);
        hashed.push(result.hashedFiles);
        return result;
      },
    },
    hashed,
    cacheFolder: folder.at('scans'),
    signal: new AbortController().signal,
  };
}

async function flat(tree: FileTree, node = tree.root, path = '' as ByteString): Promise<string[]> {
  const lines: string[] = [];
  for (const name of tree.names(node)) {
    const child = tree.child(node, name);
    assert.ok(child);
    const at = joinPath(path, name);
    const { xattrs: _, ...entry } = tree.entry(child, at);
    const sha = child.kind === 'file' ? await tree.contentSha256(child) : '';
    lines.push(JSON.stringify({ ...entry, sha, isLinked: child.identity !== undefined }));
    if (child.kind === 'directory') lines.push(...(await flat(tree, child, at)));
  }
  return lines;
}

for (const [name, ignore] of [
  ['all of it', ''],
  ['names', 'node_modules\nb/d\n'],
  ['patterns', '**/*e\nlogs/*\n'],
  ['exceptions', 'logs\n!logs/keep\nempty\n'],
  ['exceptions at any depth', '*\n!**/y\n!b\nb/d\n'],
] as const) {
  test(`the scanned tree is the one read file by file: ${name}`, async () => {
    using folder = tempFolder();
    const root = contextIn(folder);
    const matcher = compileIgnore(ignore);
    using lazy = folderTree(root, matcher);
    for (const program of [HELPER, folder.at('missing')]) {
      using scanned = folderTree(root, matcher, scannerIn(folder, program));
      await scanned.prepare?.([scanned.root]);
      assert.deepEqual(await flat(scanned), await flat(lazy));
    }
  });
}

test('what did not change is not read again', async () => {
  using folder = tempFolder();
  const root = contextIn(folder);
  // Younger files are not believed: they may change without a trace.
  await sleep(2200);
  const scanner = scannerIn(folder);
  const digests: string[] = [];
  const build = async () => {
    using from = folderTree(root, compileIgnore('node_modules\n'), scanner);
    digests.push(await sourcesDigest({ from, sources: ['.'] }, { owners: false }));
  };
  await build();
  await build();
  writeFileSync(folder.at('ctx/b/c'), 'other');
  await build();
  assert.deepEqual(scanner.hashed, [8, 0, 1]);
  assert.equal(digests[0], digests[1]);
  assert.notEqual(digests[1], digests[2]);
});

test('single files: hashed once for all of a COPY, then remembered without a process', async () => {
  using folder = tempFolder();
  const root = contextIn(folder);
  await sleep(2200);
  const scanner = scannerIn(folder);
  const sources = ['b/c', 'a', 'logs/x'];
  const digests: string[] = [];
  for (const content of ['', '', 'other']) {
    if (content !== '') writeFileSync(folder.at('ctx/b/c'), content);
    using from = folderTree(root, compileIgnore(''), scanner);
    digests.push(await sourcesDigest({ from, sources }, { owners: false }));
    using lazy = folderTree(root, compileIgnore(''));
    assert.equal(await sourcesDigest({ from: lazy, sources }, { owners: false }), digests.at(-1));
  }
  assert.deepEqual(scanner.hashed, [3, 1]);
  assert.equal(digests[0], digests[1]);
  assert.notEqual(digests[1], digests[2]);
});

test('attributes of files and folders are in the key, and go along', async (t) => {
  if (!hasPython()) return t.skip('needs python3 for attributes');
  using folder = tempFolder();
  const root = contextIn(folder);
  const scanner = scannerIn(folder);
  const digestOf = async (source: string): Promise<string> => {
    using from = folderTree(root, compileIgnore(''), scanner);
    return await sourcesDigest({ from, sources: [source] }, { owners: false });
  };
  for (const source of ['a', 'b', '.']) {
    const before = await digestOf(source);
    const batch = new HostBatch();
    for (const path of ['a', 'b/d']) {
      batch.xattr(Buffer.from(folder.at('ctx', path)), 'user.x', `of ${source}`);
    }
    batch.run();
    assert.notEqual(await digestOf(source), before, source);
  }
  using from = folderTree(root, compileIgnore(''), scanner);
  await sourcesDigest({ from, sources: ['a'] }, { owners: false });
  const node = from.child(from.root, toByteString('a')) ?? assert.fail();
  const { xattrs } = from.entry(node, toByteString('a'));
  assert.deepEqual([...xattrs], [[toByteString('user.x'), Buffer.from('of .')]]);
});

test('a folder below one that was scanned is not scanned again', async () => {
  using folder = tempFolder();
  const scanner = scannerIn(folder);
  using from = folderTree(contextIn(folder), compileIgnore(''), scanner);
  await sourcesDigest({ from, sources: ['b'] }, { owners: false });
  await sourcesDigest({ from, sources: ['.', 'b', 'b/d'] }, { owners: false });
  assert.equal(scanner.hashed.length, 2);
});

for (const [patterns, expected] of [
  [[], []],
  [['logs'], ['logs']],
  [
    ['b/d', 'a'],
    ['a', 'b/d'],
  ],
  [['*'], ['a', 'b', 'empty', 'logs', 'node_modules', 'é']],
  [['**/e'], ['b/d/e']],
  [
    ['logs', '!logs/keep'],
    ['logs/deep', 'logs/x'],
  ],
] as const) {
  test(`left out by ${JSON.stringify(patterns)}`, () => {
    using folder = tempFolder();
    const root = Buffer.from(contextIn(folder));
    const ignore = compileIgnore(patterns.join('\n'));
    const paths = ignoredPaths(root, '' as ByteString, ignore).map(displayBytes);
    assert.deepEqual(paths.sort(), [...expected].sort());
  });
}

test('paths are those below the folder that is scanned', () => {
  using folder = tempFolder();
  const root = Buffer.from(contextIn(folder));
  const paths = ignoredPaths(root, 'b' as ByteString, compileIgnore('b/d\n'));
  assert.deepEqual(paths, ['d']);
});

test('a socket is left out, and told once', async () => {
  using folder = tempFolder();
  const root = contextIn(folder);
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(folder.at('ctx/b/s'), resolve));
  try {
    for (const program of [HELPER, folder.at('missing')]) {
      const told: string[] = [];
      const scanner = { ...scannerIn(folder, program), warn: (text: string) => told.push(text) };
      using from = folderTree(root, compileIgnore(''), scanner);
      await from.prepare?.([from.root]);
      assert.deepEqual(told, ['"b/s" of the context: a socket cannot be copied: left out']);
    }
  } finally {
    await new Promise((resolve) => void server.close(resolve));
  }
});
