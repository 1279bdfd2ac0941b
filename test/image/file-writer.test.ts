/** A file that a killed writer left is gone on with, and only its right bytes stay. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { link, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FileWriter } from '#image/file-writer.ts';
import { currentOwner } from '#store/process-owner.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** As a killed writer leaves it: a process of this machine that cannot be. */
function leftover(folder: TempFolder, random = 'aa'): string {
  const dead = currentOwner().replace(/\d+$/, '1');
  return folder.at(`.x.slipway-${dead}.${random}`);
}

async function writeAs(folder: TempFolder, bytes: Uint8Array, chunk: number): Promise<number> {
  await using file = await FileWriter.open(folder.at('x'));
  for (let at = 0; at < bytes.length; at += chunk) await file.write(bytes.subarray(at, at + chunk));
  await file.commit();
  return file.keptBytes;
}

describe('file writer', () => {
  it('property: whatever was left, the file is what was written', async () => {
    using folder = tempFolder();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.uint8Array({ maxLength: 400 }),
        fc.nat(400),
        fc.integer({ min: 1, max: 90 }),
        async (bytes, other, shared, chunk) => {
          round += 1;
          mkdirSync(folder.at(`${round}`));
          const own = { ...folder, at: (name: string) => folder.at(`${round}/${name}`) };
          const left = Buffer.concat([bytes.subarray(0, shared), other]);
          await writeFile(leftover(own), left);
          const kept = await writeAs(own, bytes, chunk);
          assert.deepEqual(await readFile(own.at('x')), Buffer.from(bytes));
          assert.deepEqual(await readdir(own.at('.')), ['x']);
          assert.ok(kept <= bytes.length);
          const whole = Math.min(shared, bytes.length);
          assert.ok(kept >= whole - (whole % chunk), `${kept} of ${whole} in steps of ${chunk}`);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('the right bytes are not written again', async () => {
    using folder = tempFolder();
    const bytes = randomBytes(10_000);
    await writeFile(leftover(folder), bytes.subarray(0, 6000));
    const before = (await stat(leftover(folder))).ino;
    assert.equal(await writeAs(folder, bytes, 1000), 6000);
    assert.equal((await stat(folder.at('x'))).ino, before);
  });

  it('of several leftovers the longest is taken, the others go', async () => {
    using folder = tempFolder();
    const bytes = randomBytes(3000);
    await writeFile(leftover(folder, 'aa'), bytes.subarray(0, 1000));
    await writeFile(leftover(folder, 'bb'), bytes.subarray(0, 2000));
    await writeFile(leftover(folder, 'cc'), '');
    assert.equal(await writeAs(folder, bytes, 100), 2000);
    assert.deepEqual(await readdir(folder.path), ['x']);
  });

  it('what a living writer writes is left alone', async () => {
    using folder = tempFolder();
    const bytes = randomBytes(300);
    await using first = await FileWriter.open(folder.at('x'));
    await first.write(bytes);
    assert.equal(await writeAs(folder, bytes, 100), 0);
    await first.commit();
    assert.deepEqual(await readdir(folder.path), ['x']);
  });

  it('never writes through a link that somebody planted', async () => {
    using folder = tempFolder();
    const [bytes, other] = [randomBytes(300), randomBytes(300)];
    for (const plant of [symlink, link]) {
      await writeFile(folder.at('victim'), other);
      await plant(folder.at('victim'), leftover(folder));
      await writeAs(folder, bytes, 100);
      assert.deepEqual(await readFile(folder.at('x')), bytes);
      assert.deepEqual(await readFile(folder.at('victim')), other);
      await rm(folder.at('x'));
      await plant(folder.at('victim'), folder.at('x'));
      await using file = await FileWriter.open(folder.at('x'), { reuseSize: 300 });
      await file.write(bytes);
      await file.commit();
      assert.deepEqual(await readFile(folder.at('victim')), other);
      await rm(leftover(folder));
      await rm(folder.at('x'));
    }
  });

  it('without commit nothing stays; a whole file of the wanted size does while it is right', async () => {
    using folder = tempFolder();
    const bytes = randomBytes(300);
    {
      await using file = await FileWriter.open(folder.at('x'));
      await file.write(bytes);
    }
    assert.deepEqual(await readdir(folder.path), []);
    await writeFile(folder.at('x'), bytes);
    {
      await using file = await FileWriter.open(folder.at('x'), { reuseSize: 300 });
      await file.write(bytes.subarray(0, 100));
    }
    assert.deepEqual(await readFile(folder.at('x')), bytes);
    {
      await using file = await FileWriter.open(folder.at('x'), { reuseSize: 300 });
      await file.write(randomBytes(100));
    }
    assert.deepEqual(await readdir(folder.path), []);
  });
});
