/** The context folder as a tree: ignore rules, links, owners, lazy hashing. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { contextSource, requireFolder } from '#build/context.ts';
import { type FileTree, locate } from '#build/file-tree.ts';
import { nodesOf, sourcesDigest } from '#build/sources.ts';
import { Vertices } from '#build/vertex.ts';
import { toByteString } from '#core/bytes.ts';
import { ignoreEvents } from '#core/events.ts';

interface Fixture {
  readonly folder: string;
  write(path: string, text: string): void;
  tree(): Promise<FileTree>;
}

async function withContext(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-context-'));
  try {
    await work({
      folder,
      write(path, text) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      },
      tree: () =>
        contextSource({
          folder,
          dockerfile: join(folder, 'Dockerfile'),
          vertices: new Vertices(ignoreEvents, () => 0),
        }).tree(),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('names are sorted by bytes, owners are root, modes are kept', () =>
  withContext(async ({ folder, write, tree }) => {
    for (const name of ['b', 'a-b', 'a/x', 'é']) write(name, name);
    chmodSync(join(folder, 'b'), 0o4751);
    const context = await tree();
    assert.deepEqual(context.names(context.root), ['a', 'a-b', 'b', 'é'].map(toByteString));
    const b = context.child(context.root, toByteString('b'));
    assert.ok(b);
    const { uid, gid, mode, kind } = context.entry(b, toByteString('b'));
    assert.deepEqual({ uid, gid, mode, kind }, { uid: 0, gid: 0, mode: 0o4751, kind: 'file' });
  }));

test('what .dockerignore leaves out is not there; a folder stays where a ! takes something back', () =>
  withContext(async ({ write, tree }) => {
    write('.dockerignore', 'node_modules\nlogs\n!logs/keep\n');
    for (const name of ['node_modules/x', 'logs/a', 'logs/keep', 'src/main']) write(name, name);
    const context = await tree();
    const found = (path: string) =>
      locate(context, toByteString(path), { followLast: true }) !== undefined;
    assert.deepEqual(['node_modules', 'logs/a', 'logs/keep', 'src/main'].map(found), [
      false,
      false,
      true,
      true,
    ]);
  }));

test('an ignored folder with nothing taken back below is not there, not even empty', () =>
  withContext(async ({ folder, write, tree }) => {
    write('.dockerignore', '*\n!a\n!**/z\n');
    for (const name of ['a/x', 'b/c/x', 'd/e/z', 'd/f/x']) write(name, name);
    mkdirSync(join(folder, 'a/empty'));
    mkdirSync(join(folder, 'empty'));
    const context = await tree();
    const namesAt = (path: string) => {
      const at = locate(context, toByteString(path), { followLast: true });
      assert.ok(at);
      return context.names(at.node);
    };
    assert.deepEqual(namesAt(''), ['a', 'd']);
    assert.deepEqual(namesAt('a'), ['empty', 'x']);
    assert.deepEqual(namesAt('d'), ['e']);
    assert.deepEqual(namesAt('d/e'), ['z']);
  }));

test('names of one file share an identity, other files have none', () =>
  withContext(async ({ folder, write, tree }) => {
    for (const name of ['one', 'other', 'alone']) write(name, 'same');
    linkSync(join(folder, 'one'), join(folder, 'two'));
    linkSync(join(folder, 'other'), join(folder, 'another'));
    const context = await tree();
    const identity = (name: string) => context.child(context.root, toByteString(name))?.identity;
    assert.ok(identity('one'));
    assert.equal(identity('one'), identity('two'));
    assert.equal(identity('other'), identity('another'));
    assert.notEqual(identity('one'), identity('other'));
    assert.equal(identity('alone'), undefined);
  }));

test('Dockerfile.dockerignore replaces .dockerignore', () =>
  withContext(async ({ write, tree }) => {
    write('.dockerignore', 'a');
    write('Dockerfile.dockerignore', 'b');
    write('a', '1');
    write('b', '1');
    const context = await tree();
    assert.ok(locate(context, toByteString('a'), { followLast: true }));
    assert.equal(locate(context, toByteString('b'), { followLast: true }), undefined);
  }));

test('an ignored source says so', () =>
  withContext(async ({ write, tree }) => {
    write('.dockerignore', 'secret*');
    write('secret.txt', 'x');
    const from = await tree();
    assert.throws(() => nodesOf({ from, sources: ['secret.txt'] }), {
      code: 'SOURCE_MISSING',
      hint: '"secret.txt" exists but .dockerignore leaves it out: add "!secret.txt" to it',
    });
  }));

test('links resolve inside the context, also absolute ones', () =>
  withContext(async ({ folder, write, tree }) => {
    write('data/f', 'F');
    symlinkSync('/data', join(folder, 'l'));
    symlinkSync('../../../../data/f', join(folder, 'up'));
    const context = await tree();
    assert.equal(locate(context, toByteString('l/f'), { followLast: true })?.path, 'data/f');
    assert.equal(locate(context, toByteString('up'), { followLast: true })?.path, 'data/f');
  }));

test('content and its digest', () =>
  withContext(async ({ write, tree }) => {
    const text = 'x'.repeat(3_000_000);
    write('big', text);
    const context = await tree();
    const node = context.child(context.root, toByteString('big'));
    assert.ok(node);
    const chunks: Uint8Array[] = [];
    for await (const chunk of context.content(node)) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), text);
    assert.equal(
      await context.contentSha256(node),
      createHash('sha256').update(text).digest('hex'),
    );
  }));

test('the digest of sources knows content, name and mode, not time or place', () =>
  withContext(async ({ folder, write, tree }) => {
    write('one/f', 'same');
    write('two/f', 'same');
    write('three/f', 'other');
    write('four/g', 'same');
    write('five/f', 'same');
    chmodSync(join(folder, 'five/f'), 0o755);
    const from = await tree();
    const digests = new Map<string, string>();
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      digests.set(name, await sourcesDigest({ from, sources: [name] }, { owners: false }));
    }
    assert.equal(digests.get('one'), digests.get('two'));
    assert.equal(new Set(digests.values()).size, 4);
  }));

test('a context that is no folder is an error with a fix', () =>
  withContext(async ({ write, folder }) => {
    write('file', 'x');
    for (const name of ['file', 'nothing', 'file/below']) {
      assert.throws(() => requireFolder(join(folder, name)), { code: 'CONTEXT_MISSING' });
    }
    requireFolder(folder);
  }));
