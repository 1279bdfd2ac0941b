/** COPY's rules as BuildKit has them, on trees in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CopyRequest, comparePaths, planCopy } from '#build/copy-plan.ts';
import { cleanParts } from '#build/file-tree.ts';
import { nodesOf } from '#build/sources.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { link, memoryTree, type TreeSpec } from '#test/helpers/memory-tree.ts';

interface Case {
  readonly name: string;
  readonly from: TreeSpec;
  readonly into?: TreeSpec;
  readonly copy: readonly string[];
  readonly to: string;
  /** `path kind mode` lines, or an error's message. */
  readonly expect: readonly string[] | RegExp;
}

const cases: readonly Case[] = [
  { name: 'a file to a name', from: { a: 'A' }, copy: ['a'], to: '/b', expect: ['b file 644'] },
  {
    name: 'a file into a folder that is there',
    from: { a: 'A' },
    into: { d: {} },
    copy: ['a'],
    to: '/d',
    expect: ['d directory 700', 'd/a file 644'],
  },
  {
    name: 'a trailing slash makes a folder',
    from: { a: 'A' },
    copy: ['a'],
    to: '/x/y/',
    expect: ['x directory 755', 'x/y directory 755', 'x/y/a file 644'],
  },
  {
    name: 'missing parents are made 0755',
    from: { a: 'A' },
    copy: ['a'],
    to: '/x/y/a',
    expect: ['x directory 755', 'x/y directory 755', 'x/y/a file 644'],
  },
  {
    name: 'existing parents keep their mode',
    from: { a: 'A' },
    into: { x: {} },
    copy: ['a'],
    to: '/x/a',
    expect: ['x directory 700', 'x/a file 644'],
  },
  {
    name: 'two files onto one name: the later wins',
    from: { a: 'A', b: 'BB' },
    copy: ['a', 'b'],
    to: '/d',
    expect: ['d file 644'],
  },
  {
    name: 'a folder gives its contents, the new folder is 0755',
    from: { d: { f: '1', s: { g: '2' } } },
    copy: ['d'],
    to: '/new',
    expect: ['new directory 755', 'new/f file 644', 'new/s directory 700', 'new/s/g file 644'],
  },
  {
    name: 'the whole context to the root',
    from: { f: '1' },
    copy: ['.'],
    to: '/',
    expect: ['f file 644'],
  },
  {
    name: 'an unmatched wildcard copies nothing',
    from: { a: 'A' },
    copy: ['*.txt'],
    to: '/d/',
    expect: [],
  },
  {
    name: 'a wildcard in the middle',
    from: { p: { x: { f: '1' }, y: { f: '2' } } },
    copy: ['p/*/f'],
    to: '/d/',
    expect: ['d directory 755', 'd/f file 644'],
  },
  {
    name: 'a missing name is an error',
    from: {},
    copy: ['nope'],
    to: '/x',
    expect: /"\/nope": not found/,
  },
  {
    name: 'a link named as the source is followed',
    from: { a: 'A', l: link('a') },
    copy: ['l'],
    to: '/d/',
    expect: ['d directory 755', 'd/l file 644'],
  },
  {
    name: 'a link inside a folder stays a link',
    from: { d: { l: link('../a') } },
    copy: ['d'],
    to: '/d',
    expect: ['d directory 755', 'd/l symlink 777'],
  },
  {
    name: 'a link never leaves the context',
    from: { l: link('../../../etc/passwd') },
    copy: ['l'],
    to: '/d',
    expect: /"\/l": not found/,
  },
  {
    name: 'a destination link to a folder is followed',
    from: { a: 'A' },
    into: { real: {}, l: link('/real') },
    copy: ['a'],
    to: '/l/',
    expect: ['real directory 700', 'real/a file 644'],
  },
  {
    name: 'a destination link to a file is written through',
    from: { a: 'A' },
    into: { f: 'F', l: link('f') },
    copy: ['a'],
    to: '/l',
    expect: ['f file 644'],
  },
  {
    name: 'a folder onto a file is refused',
    from: { d: { f: '1' } },
    into: { x: 'X' },
    copy: ['d'],
    to: '/x',
    expect: /cannot copy to non-directory: \/x/,
  },
  {
    name: 'a nested file onto a folder is refused',
    from: { d: { f: '1' } },
    into: { x: { f: {} } },
    copy: ['d'],
    to: '/x',
    expect: /cannot replace to directory \/x\/f with file/,
  },
  {
    name: 'a nested folder onto a link is refused',
    from: { d: { s: { f: '1' } } },
    into: { x: { s: link('/') } },
    copy: ['d'],
    to: '/x',
    expect: /cannot copy to non-directory: \/x\/s/,
  },
  {
    name: 'through a file is refused',
    from: { a: 'A' },
    into: { x: 'X' },
    copy: ['a'],
    to: '/x/a',
    expect: /cannot copy to non-directory: \/x/,
  },
  {
    name: 'links in a circle end',
    from: { l: link('m'), m: link('l') },
    copy: ['l'],
    to: '/d',
    expect: /too many links/,
  },
];

for (const { name, from, into, copy, to, expect } of cases) {
  test(name, () => {
    const plan = () => lines(request({ from, into: into ?? {}, copy, to }));
    if (expect instanceof RegExp) assert.throws(plan, expect);
    else assert.deepEqual(plan(), expect);
  });
}

test('--chown reaches new parents, not existing ones', () => {
  const base = request({ from: { a: 'A' }, into: { old: {} }, copy: ['a'], to: '/old/new/a' });
  const entries = planCopy({ ...base, owner: { uid: 5, gid: 6 }, chmod: () => 0o777 }).map(
    ({ entry }) => entry,
  );
  assert.deepEqual(
    entries.map(({ path, uid, gid, mode }) => [path, uid, gid, mode.toString(8)]),
    [
      ['old', 0, 0, '700'],
      ['old/new', 5, 6, '755'],
      ['old/new/a', 5, 6, '777'],
    ],
  );
});

test('an octal --chmod is the mode of new parents too, under the umask', () => {
  const base = request({ from: { a: 'A' }, into: {}, copy: ['a'], to: '/new/a' });
  assert.deepEqual(lines({ ...base, chmod: () => 0o777, newFolderMode: 0o770 }), [
    'new directory 750',
    'new/a file 777',
  ]);
});

test('what comes out of an archive keeps its modes', () => {
  const base = request({ from: { d: { f: '1' } }, into: {}, copy: ['d'], to: '/x' });
  const items = base.items.map((item) => ({ ...item, unpacked: true }));
  assert.deepEqual(lines({ ...base, items, chmod: () => 0o600, newFolderMode: 0o600 }), [
    'x directory 755',
    'x/f file 644',
  ]);
});

test('a missing source suggests the name beside it that was probably meant', () => {
  const from = memoryTree({ src: { 'main.ts': 'x', 'other.ts': 'y' } });
  assert.throws(() => nodesOf({ from, sources: ['src/mian.ts'] }), {
    hint: 'did you mean src/main.ts?',
  });
  assert.throws(() => nodesOf({ from, sources: ['src/nothing.like.it'] }), {
    hint: 'check the path: it is looked up in the build context',
  });
});

test('heredocs are files of mode 0644', () => {
  const base = request({ from: {}, into: {}, copy: [], to: '/d/' });
  const [, file] = planCopy({
    ...base,
    items: [{ kind: 'bytes', name: toByteString('x'), bytes: Buffer.from('hi') }],
  });
  assert.equal(file?.entry.path, 'd/x');
  assert.equal(file?.entry.mode, 0o644);
});

test('siblings sort by bytes with the slash below all', () => {
  const paths = ['a-b', 'a/x', 'a', 'a!'].map(toByteString).sort(comparePaths);
  assert.deepEqual(paths, ['a', 'a/x', 'a!', 'a-b']);
});

function request(options: {
  readonly from: TreeSpec;
  readonly into: TreeSpec;
  readonly copy: readonly string[];
  readonly to: string;
}): CopyRequest {
  return {
    items: nodesOf({ from: memoryTree(options.from), sources: options.copy }),
    into: memoryTree(options.into, { name: 'stage' }),
    destination: cleanParts(options.to).join('/') as ByteString,
    isFolder: options.to.endsWith('/'),
  };
}

function lines(copy: CopyRequest): string[] {
  return planCopy(copy).map(({ entry }) => `${entry.path} ${entry.kind} ${entry.mode.toString(8)}`);
}
