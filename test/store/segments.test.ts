/** A whole read across its parts: any range, any cut, as if it were one file. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { covers, endOf, readSegments, SegmentReader, segmentsOf } from '#store/segments.ts';
import { openTarFiles } from '#store/tar-files.ts';
import { collect, sampleTar } from '#test/helpers/images.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

describe('segments', () => {
  it('property: every range reads as of one file, however it was cut', async () => {
    using folder = tempFolder();
    const whole = randomBytes(500);
    const sizes = fc.array(fc.nat({ max: 120 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(520), fc.nat(520), async (cuts, offset, length) => {
        const { paths, bytes } = await cut(folder, whole, cuts);
        const segments = await segmentsOf(paths);
        assert.equal(endOf(segments), bytes.length);
        const wanted = bytes.subarray(offset, offset + length);
        const range = { offset, length };
        assert.deepEqual(await collect(readSegments(segments, { range })), wanted);
        await using reader = new SegmentReader(segments);
        assert.deepEqual(await reader.read(offset, length), wanted);
        assert.equal(covers(segments, range), wanted.length === length);
      }),
      { numRuns: 60 },
    );
  });

  it('a missing part covers nothing of its own', async () => {
    using folder = tempFolder();
    const { paths } = await cut(folder, randomBytes(300), [100, 100, 100]);
    const [first, , third] = await segmentsOf(paths);
    assert.ok(first && third);
    assert.equal(covers([first, third], { offset: 50, length: 50 }), true);
    assert.equal(covers([first, third], { offset: 50, length: 51 }), false);
    assert.equal(covers([first, third], { offset: 199, length: 2 }), false);
    assert.equal(covers([first, third], { offset: 200, length: 100 }), true);
  });

  it('a tar is opened in parts, a header across two of them included', async () => {
    using folder = tempFolder();
    const content = randomBytes(3000);
    const tar = Buffer.from(await sampleTar({ a: content, 'd/b': Buffer.from('abc') }));
    const { paths } = await cut(folder, tar, [700, 1, 2999, 512, tar.length]);
    const files = await openTarFiles(await segmentsOf(paths));
    assert.deepEqual(files.paths, ['a', 'd/b']);
    assert.deepEqual(await collect(files.read('a')), content);
    assert.deepEqual(await collect(files.read('d/b')), Buffer.from('abc'));
  });
});

/** Files of the sizes given; the last takes what is left of the bytes when there is enough. */
async function cut(
  folder: TempFolder,
  whole: Buffer,
  sizes: readonly number[],
): Promise<{ readonly paths: readonly string[]; readonly bytes: Buffer }> {
  const paths: string[] = [];
  let at = 0;
  for (const [i, size] of sizes.entries()) {
    const path = folder.at(`part-${i}`);
    await writeFile(path, whole.subarray(at, at + size));
    paths.push(path);
    at = Math.min(at + size, whole.length);
  }
  return { paths, bytes: whole.subarray(0, at) };
}
