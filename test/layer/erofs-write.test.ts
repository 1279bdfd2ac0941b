// The image writer: placement, every kind of node through the reader and back, and what it refuses.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteString } from '#core/bytes.ts';
import { checkImage } from '#layer/erofs-check.ts';
import { placeInline, writeErofs } from '#layer/erofs-write.ts';
import { plainData } from '#layer/file-data.ts';
import type { Chunk, DirectoryNode, Node, NodeMetadata } from '#layer/tree.ts';
import { name } from '#test/helpers/entries.ts';
import { flatten, flattenImage } from '#test/helpers/trees.ts';

const METADATA: NodeMetadata = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  seconds: 0,
  nanoseconds: 0,
  xattrs: new Map(),
};

function folder(children: Readonly<Record<string, Node>> = {}): DirectoryNode {
  const entries = Object.entries(children).map(([key, node]) => [name(key), node] as const);
  return { ...METADATA, kind: 'directory', mode: 0o755, children: new Map(entries) };
}

/** An image over one tar of 1 MiB. */
function imageOf(children: Readonly<Record<string, Node>>, deviceSizes = [1 << 20]): Buffer {
  return writeErofs({ root: folder(children), deviceSizes });
}

test('inline data never cross a block, for every length and offset', () => {
  for (let head = 64; head < 512; head += 4) {
    for (let data = 1; head + data <= 512; data += data < 16 ? 1 : 13) {
      for (let at = 2048; at < 2048 + 512; at += 32) {
        const start = placeInline(at, head, data);
        const first = Math.floor((start + head) / 512);
        assert.equal(Math.floor((start + head + data - 1) / 512), first);
        assert.equal(start % 32, 0);
        assert.ok(start >= at && start < at + 1024);
      }
    }
  }
});

test('an empty tree is the smallest image', () => {
  const image = writeErofs({ root: folder(), deviceSizes: [] });
  assert.equal(image.length, 1536);
  checkImage(image);
  assert.deepEqual([...flattenImage(image, []).keys()], ['']);
});

test('the same tree gives the same bytes, in whatever order it was filled', () => {
  const make = (names: readonly string[]): Buffer =>
    imageOf(
      Object.fromEntries(names.map((one) => [one, folder({ x: { ...METADATA, kind: 'fifo' } })])),
    );
  const names = ['b', 'a', 'c', 'a-b', '!'];
  assert.ok(make(names).equals(make([...names].reverse())));
});

test('symlinks of every length read back', () => {
  for (const length of [1, 2, 440, 447, 448, 449, 480, 511, 512, 513, 4000, 4095]) {
    const target = name('t'.repeat(length));
    const image = imageOf({
      pad: { ...METADATA, kind: 'fifo' },
      l: { ...METADATA, kind: 'symlink', target },
    });
    checkImage(image);
    assert.equal(flattenImage(image, []).get('l')?.value, target);
  }
});

test('directories of every size read back, names of all lengths among them', () => {
  for (const count of [0, 1, 20, 30, 40, 41, 500, 3000]) {
    const names = Array.from({ length: count }, (_, i) => `${i}${'x'.repeat((i * 7) % 250)}`);
    const image = imageOf(
      Object.fromEntries(names.map((one) => [one, { ...METADATA, kind: 'fifo' }])),
    );
    checkImage(image);
    assert.deepEqual([...flattenImage(image, []).keys()], ['', ...names.map(name)].sort());
  }
});

const bytes = fc.uint8Array({ maxLength: 300 });
const nodeName = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((raw) => name(Buffer.from(raw.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)))))
  .filter((one) => one !== '.' && one !== '..');
const xattrs = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'user.a',
        'user.zz',
        'trusted.t',
        'security.capability',
        'system.posix_acl_access',
      ),
      bytes,
    ),
    { maxLength: 3 },
  )
  .map((pairs) => new Map(pairs.map(([key, value]) => [name(key), Buffer.from(value)])));
const metadata: fc.Arbitrary<NodeMetadata> = fc.record(
  {
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffffffff }),
    gid: fc.integer({ min: 0, max: 0xffffffff }),
    seconds: fc.oneof(
      fc.integer({ min: -5, max: 5 }),
      fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    ),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    xattrs,
  },
  { noNullPrototype: true },
);
const chunk: fc.Arbitrary<Chunk> = fc.oneof(
  fc.constant<Chunk>('hole'),
  fc.integer({ min: 0, max: 2000 }).map((block): Chunk => ({ device: 1, block })),
  fc.uint8Array({ minLength: 1024, maxLength: 1024 }).map((raw): Chunk => Buffer.from(raw)),
);
const leaf: fc.Arbitrary<Node> = metadata.chain((common) =>
  fc.oneof(
    fc.constant<Node>({ ...common, kind: 'fifo' }),
    fc.constant<Node>({ ...common, kind: 'file', size: 0 }),
    fc
      .tuple(fc.integer({ min: 0, max: 0xfff }), fc.integer({ min: 0, max: 0xfffff }))
      .map(([major, minor]): Node => ({ ...common, kind: 'char', major, minor })),
    fc
      .integer({ min: 1, max: 700 })
      .map((length): Node => ({ ...common, kind: 'symlink', target: name('s'.repeat(length)) })),
    fc.array(chunk, { minLength: 1, maxLength: 6 }).map(
      (chunks): Node => ({
        ...common,
        kind: 'file',
        size: chunks.length * 1024,
        data: { chunkBits: 1, chunks },
      }),
    ),
  ),
);
const { tree } = fc.letrec<{ tree: DirectoryNode; node: Node }>((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, leaf, tie('tree')),
  tree: fc
    .tuple(metadata, fc.dictionary(nodeName, tie('node'), { maxKeys: 12, noNullPrototype: true }))
    .map(([common, children]) => ({
      ...folder(children),
      ...common,
      children: latin1Children(children),
    })),
}));

function latin1Children(children: Readonly<Record<string, Node>>): Map<ByteString, Node> {
  return new Map(
    Object.entries(children).map(([key, node]) => [name(Buffer.from(key, 'latin1')), node]),
  );
}

test('any tree reads back as it was written', () => {
  const tar = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i >> 9) & 0xff));
  fc.assert(
    fc.property(tree, (root) => {
      const image = writeErofs({ root, deviceSizes: [tar.length] });
      checkImage(image);
      assert.deepEqual(flattenImage(image, [tar]), flattenNodes(root, tar));
    }),
    { numRuns: 200 },
  );
});

function flattenNodes(root: DirectoryNode, tar: Buffer): ReturnType<typeof flatten> {
  const facts = new Map<
    string,
    Parameters<typeof flatten>[0] extends ReadonlyMap<string, infer F> ? F : never
  >();
  const visit = (node: Node, path: string): void => {
    const mtime = { seconds: node.seconds, nanoseconds: node.nanoseconds };
    facts.set(path, { ...node, mtime, value: valueOfNode(node, tar), identity: node });
    if (node.kind !== 'directory') return;
    for (const [key, child] of node.children) visit(child, path === '' ? key : `${path}/${key}`);
  };
  visit(root, '');
  return flatten(facts);
}

function valueOfNode(node: Node, tar: Buffer): string {
  if (node.kind === 'symlink') return node.target;
  if (node.kind === 'char' || node.kind === 'block') return `${node.major}:${node.minor}`;
  if (node.kind !== 'file') return '';
  return (node.data?.chunks ?? [])
    .map((one) => {
      if (one === 'hole') return '\0'.repeat(1024);
      if (one instanceof Uint8Array) return Buffer.from(one).toString('latin1');
      return tar.toString('latin1', one.block * 512, one.block * 512 + 1024);
    })
    .join('');
}

test('a hard link is one inode with a count', () => {
  const shared: Node = { ...METADATA, kind: 'file', size: 0 };
  const image = imageOf({ a: shared, b: shared, d: folder({ c: shared }) });
  checkImage(image);
  const flat = flattenImage(image, []);
  assert.deepEqual(
    [flat.get('a')?.first, flat.get('b')?.first, flat.get('d/c')?.first],
    ['a', 'a', 'a'],
  );
});

test('one chunk covers a file, whatever its size', () => {
  for (const [size, bits, count] of [
    [1, 0, 1],
    [512, 0, 1],
    [513, 1, 1],
    [5 * 2 ** 30, 24, 1],
    [2 ** 40, 31, 1],
    [2 ** 40 + 1, 31, 2],
  ] as const) {
    const data = plainData({ device: 1, dataOffset: 512, size });
    assert.equal(data?.chunkBits, bits);
    assert.equal(data?.chunks.length, count);
  }
  assert.equal(plainData({ device: 1, dataOffset: 512, size: 0 }), undefined);
});

function plain(size: number, given: Partial<{ bits: number; chunks: Chunk[] }> = {}): Node {
  const chunks = given.chunks ?? [{ device: 1, block: 0 }];
  return { ...METADATA, kind: 'file', size, data: { chunkBits: given.bits ?? 0, chunks } };
}

const fifo = (given: Partial<NodeMetadata>): Node => ({ ...METADATA, ...given, kind: 'fifo' });
const xattr = (key: string, bytesOfValue: number): Partial<NodeMetadata> => ({
  xattrs: new Map([[name(key), Buffer.alloc(bytesOfValue)]]),
});
const link = (target: string): Node => ({ ...METADATA, kind: 'symlink', target: name(target) });

const REFUSED: readonly (readonly [string, Readonly<Record<string, Node>>])[] = [
  ['an empty name', { '': fifo({}) }],
  ['a slash in a name', { 'a/b': fifo({}) }],
  ['a NUL in a name', { 'a\0': fifo({}) }],
  ['a name of 256 bytes', { ['n'.repeat(256)]: fifo({}) }],
  ['an empty symlink', { l: link('') }],
  ['a symlink of 4,096 bytes', { l: link('t'.repeat(4096)) }],
  ['a NUL in a symlink', { l: link('a\0b') }],
  ['an owner of 2^32', { f: fifo({ uid: 2 ** 32 }) }],
  ['a negative group', { f: fifo({ gid: -1 }) }],
  ['a mode with type bits', { f: fifo({ mode: 0o10644 }) }],
  ['a billion nanoseconds', { f: fifo({ nanoseconds: 1_000_000_000 }) }],
  ['half a second', { f: fifo({ seconds: 0.5 }) }],
  ['a major number of 4,096', { d: { ...METADATA, kind: 'char', major: 4096, minor: 0 } }],
  ['a minor number of 2^20', { d: { ...METADATA, kind: 'block', major: 0, minor: 2 ** 20 } }],
  ['an xattr of an unknown kind', { f: fifo(xattr('com.apple.x', 1)) }],
  ['an xattr value of 65,536 bytes', { f: fifo(xattr('user.x', 65_536)) }],
  ['an xattr name of 256 bytes', { f: fifo(xattr(`user.${'x'.repeat(256)}`, 1)) }],
  ['a device that is not there', { f: plain(10, { chunks: [{ device: 2, block: 0 }] }) }],
  [
    'data past the end of the tar',
    { f: plain(1024, { bits: 1, chunks: [{ device: 1, block: 2047 }] }) },
  ],
  ['data not at a block', { f: plain(10, { chunks: [{ device: 1, block: 0.5 }] }) }],
  ['too few chunks', { f: plain(1000) }],
  ['too many chunks', { f: plain(10, { chunks: ['hole', 'hole'] }) }],
  ['a piece that is too short', { f: plain(10, { chunks: [Buffer.alloc(9)] }) }],
  ['a size without data', { f: { ...METADATA, kind: 'file', size: 5 } }],
];

for (const [what, children] of REFUSED) {
  test(`${what} is refused`, () => {
    assert.throws(() => imageOf(children), { code: 'ENTRY_REFUSED' });
  });
}

test('. and .. as names are refused', () => {
  for (const one of ['.', '..']) {
    assert.throws(() => checkImage(imageOf({ [one]: folder() })));
  }
});

test('a directory in two places is refused', () => {
  const twice = folder();
  assert.throws(() => imageOf({ a: twice, b: twice }), { code: 'ENTRY_REFUSED' });
});

test('a tar of 2 TiB is refused, one just below is not', () => {
  assert.throws(() => imageOf({}, [2 ** 41]), { code: 'ENTRY_REFUSED' });
  checkImage(imageOf({}, [2 ** 41 - 512]));
});

test('the largest xattrs read back', () => {
  const image = imageOf({
    a: fifo(xattr('user.big', 65_535)),
    b: fifo({
      xattrs: new Map(
        ['user.1', 'user.2', 'user.3'].map((key) => [name(key), Buffer.alloc(65_000, key)]),
      ),
    }),
  });
  checkImage(image);
  assert.equal(flattenImage(image, []).get('b')?.xattrs.length, 3);
});
