/** What --exclude and --parents leave of a folder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileNode, FileTree } from '#build/file-tree.ts';
import { type Selection, selectedTree } from '#build/selected-tree.ts';
import { nodesOf } from '#build/sources.ts';
import { displayBytes } from '#core/bytes.ts';
import { compilePatterns } from '#dockerfile/dockerignore.ts';
import { memoryTree, type TreeSpec } from '#test/helpers/memory-tree.ts';

const FILES: TreeSpec = {
  a: { 'x.txt': '1', 'y.md': '2', deep: { 'z.txt': '3' } },
  b: { 'x.txt': '4' },
  empty: {},
  top: '5',
};

const cases: readonly {
  readonly name: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly expect: readonly string[];
}[] = [
  {
    name: 'a matched folder comes with all below it',
    include: ['a'],
    expect: ['a', 'a/deep', 'a/deep/z.txt', 'a/x.txt', 'a/y.md'],
  },
  {
    name: 'folders on the way are there, their other files are not',
    include: ['a/deep/z.txt'],
    expect: ['a', 'a/deep', 'a/deep/z.txt'],
  },
  {
    name: 'a folder without a match is not there',
    include: ['**/x.txt'],
    expect: ['a', 'a/x.txt', 'b', 'b/x.txt'],
  },
  { name: 'a matched empty folder is there', include: ['empty'], expect: ['empty'] },
  {
    name: 'an excluded folder is gone with what is in it',
    exclude: ['a', 'empty'],
    expect: ['b', 'b/x.txt', 'top'],
  },
  {
    name: 'an exception keeps the folders above it',
    exclude: ['a', 'b', '!a/deep', 'empty', 'top'],
    expect: ['a', 'a/deep', 'a/deep/z.txt'],
  },
  {
    name: 'a folder that loses its files stays',
    exclude: ['b/*', 'a', 'top'],
    expect: ['b', 'empty'],
  },
  {
    name: 'what is excluded wins over what is included',
    include: ['a'],
    exclude: ['**/*.txt'],
    expect: ['a', 'a/deep', 'a/y.md'],
  },
];

for (const { name, include, exclude, expect } of cases) {
  test(name, () => {
    const tree = memoryTree(FILES);
    const selection: Selection = {
      ...(include && { include: compilePatterns(include) }),
      ...(exclude && { exclude: compilePatterns(exclude) }),
    };
    assert.deepEqual(pathsOf(selectedTree(tree, tree.root, selection)), expect);
  });
}

test('what is excluded as a whole is not even listed', () => {
  const inner = memoryTree(FILES);
  const listed: FileNode[] = [];
  const tree: FileTree = {
    ...inner,
    names: (directory) => {
      listed.push(directory);
      return inner.names(directory);
    },
  };
  const selected = selectedTree(tree, tree.root, { exclude: compilePatterns(['a', 'b', 'empty']) });
  assert.deepEqual(pathsOf(selected), ['top']);
  assert.equal(listed.length, 1);
});

test('an excluded source that is a file is no source', () => {
  const from = memoryTree(FILES);
  const items = nodesOf({ from, sources: ['a/*'], exclude: ['*.md'] });
  assert.deepEqual(
    items.map(({ name }) => displayBytes(name)),
    ['deep', 'x.txt'],
  );
});

function pathsOf(tree: FileTree, node = tree.root, path = ''): string[] {
  return tree.names(node).flatMap((name) => {
    const child = tree.child(node, name);
    assert.ok(child);
    const at = path === '' ? displayBytes(name) : `${path}/${displayBytes(name)}`;
    return [at, ...(child.kind === 'directory' ? pathsOf(tree, child, at) : [])];
  });
}
