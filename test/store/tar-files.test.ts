/** Tars read in place: the same files as a streaming reader sees, links, long names, damage. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { readTar } from '#archive/tar-read.ts';
import { TarWriter } from '#archive/tar-write.ts';
import { toByteString } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import { readFileChunks } from '#store/file-read.ts';
import { openTarFiles } from '#store/tar-files.ts';
import { collect, sampleTar } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const META = { mode: 0o644, uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };

describe('tar files', () => {
  it('sizes, whole files and ranges', async () => {
    using folder = tempFolder();
    const large = randomBytes(1_500_000);
    await writeFile(folder.at('x.tar'), await sampleTar({ a: Buffer.from('abc'), 'd/b': large }));
    const tar = await openTarFiles(folder.at('x.tar'));
    assert.deepEqual(tar.paths, ['a', 'd/b']);
    assert.equal(await tar.size('a'), 3);
    assert.equal(await tar.size('d'), undefined);
    assert.equal(await tar.size('./d/b'), 1_500_000);
    assert.ok((await collect(tar.read('d/b'))).equals(large));
    const range = { offset: 1, length: 10 };
    assert.deepEqual(await collect(tar.read('a', { range })), Buffer.from('bc'));
    const late = { range: { offset: 1_400_000, length: 5 } };
    assert.deepEqual(await collect(tar.read('d/b', late)), large.subarray(1_400_000, 1_400_005));
  });

  it('hard and symbolic links lead to the file; circles and ways out lead nowhere', async () => {
    using folder = tempFolder();
    const link = (kind: 'symlink' | 'hardlink', path: string, target: string): EntrySource => ({
      entry: { kind, path: toByteString(path), target: toByteString(target), ...META },
    });
    const bytes = await tarOf([
      file('one/layer.tar', Buffer.from('content')),
      link('symlink', 'two/layer.tar', '../one/layer.tar'),
      link('hardlink', 'three/layer.tar', 'one/layer.tar'),
      link('symlink', 'out', '../../../../etc/hostname'),
      link('symlink', 'circle', 'circle'),
    ]);
    await writeFile(folder.at('x.tar'), bytes);
    const tar = await openTarFiles(folder.at('x.tar'));
    for (const path of ['two/layer.tar', 'three/layer.tar']) {
      assert.equal((await collect(tar.read(path))).toString(), 'content', path);
    }
    assert.equal(await tar.size('out'), undefined);
    await assert.rejects(tar.size('circle'), { code: 'ARCHIVE_INVALID' });
  });

  it('names too long for a header', async () => {
    using folder = tempFolder();
    const long = `${'d'.repeat(120)}/${'f'.repeat(200)}`;
    await writeFile(folder.at('x.tar'), await sampleTar({ [long]: Buffer.from('x') }));
    const tar = await openTarFiles(folder.at('x.tar'));
    assert.deepEqual(tar.paths, [long]);
    assert.equal(await tar.size(long), 1);
  });

  it('a tar within a tar, by its place in the file', async () => {
    using folder = tempFolder();
    const inner = await sampleTar({ hello: Buffer.from('world') });
    const outer = await sampleTar({ 'readme.md': Buffer.from('x'), 'in.tar': inner });
    await writeFile(folder.at('x.tar'), outer);
    const part = (await openTarFiles(folder.at('x.tar'))).place('in.tar');
    assert.ok(part);
    const tar = await openTarFiles(folder.at('x.tar'), { part });
    assert.equal((await collect(tar.read('hello'))).toString(), 'world');
  });

  it('property: the same files as the streaming reader finds', async () => {
    const name = fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,60}){0,3}$/);
    const files = fc.dictionary(name, fc.uint8Array({ maxLength: 2000 }), { maxKeys: 8 });
    await fc.assert(
      fc.asyncProperty(files, async (contents) => {
        using folder = tempFolder();
        await writeFile(folder.at('x.tar'), await sampleTar(contents));
        const tar = await openTarFiles(folder.at('x.tar'));
        const seen: string[] = [];
        for await (const { entry, content } of readTar(readFileChunks(folder.at('x.tar')))) {
          seen.push(entry.path);
          assert.deepEqual(await collect(tar.read(entry.path)), await collect(content()));
        }
        assert.deepEqual(tar.paths, [...new Set(seen)]);
      }),
      { numRuns: 50 },
    );
  });

  it('property: a tar cut off is refused or ends between two files, and never misread', async () => {
    using folder = tempFolder();
    const contents = { a: randomBytes(700), b: randomBytes(10), 'c/d': randomBytes(3000) };
    const whole = await sampleTar(contents);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.byteLength - 1 }), async (size) => {
        await writeFile(folder.at('x.tar'), whole);
        await truncate(folder.at('x.tar'), size);
        try {
          const tar = await openTarFiles(folder.at('x.tar'));
          for (const path of tar.paths) {
            const expected = Object.entries(contents).find(([key]) => key === path)?.[1];
            assert.deepEqual(await collect(tar.read(path)), expected);
          }
        } catch (error) {
          assert.ok(isSlipwayError(error, 'ARCHIVE_INVALID'), String(error));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('no tar at all: ARCHIVE_INVALID at its first byte', async () => {
    using folder = tempFolder();
    await writeFile(folder.at('x.tar'), Buffer.alloc(4096, 'text'));
    await assert.rejects(openTarFiles(folder.at('x.tar')), (error) => {
      assert.ok(isSlipwayError(error, 'ARCHIVE_INVALID'));
      assert.equal(error.detail.offset, 0);
      return true;
    });
  });
});

function file(path: string, bytes: Uint8Array): EntrySource {
  const entry = {
    kind: 'file',
    path: toByteString(path),
    size: bytes.byteLength,
    ...META,
  } as const;
  return { entry, content: () => [bytes] };
}

async function tarOf(entries: readonly EntrySource[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const writer = new TarWriter(async (chunk) => void chunks.push(Uint8Array.from(chunk)));
  for (const entry of entries) await writer.add(entry);
  await writer.finish();
  return Buffer.concat(chunks);
}
