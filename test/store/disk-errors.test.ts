/** What the operating system refuses gets a code, a path and a fix. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { onDisk, onDiskSync } from '#store/disk-errors.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

function refusal(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

for (const [errno, code, fix] of [
  ['ENOSPC', 'DISK_FULL', /free space/],
  ['EDQUOT', 'DISK_FULL', /free space/],
  ['EIO', 'DISK_FAILED', /look at the disk/],
  ['EACCES', 'PERMISSION', /owner of that folder/],
  ['EROFS', 'PERMISSION', /mount it writable/],
  ['EFBIG', 'FILE_TOO_LARGE', /--volume-size 4G/],
  ['EMFILE', 'TOO_MANY_FILES', /ulimit -n/],
  ['ENFILE', 'TOO_MANY_FILES', /ulimit -n/],
] as const) {
  it(`${errno} is ${code}, with the path and a fix`, async () => {
    const cause = refusal(errno);
    const isNamed = (error: unknown): boolean =>
      isSlipwayError(error, code) &&
      error.message.includes('/some/file') &&
      fix.test(error.hint ?? '') &&
      error.cause === cause;
    await assert.rejects(
      onDisk('/some/file', () => Promise.reject(cause)),
      isNamed,
    );
    assert.throws(
      () =>
        onDiskSync('/some/file', () => {
          throw cause;
        }),
      isNamed,
    );
  });
}

it('leaves the rest to who knows the context', async () => {
  const cause = refusal('ENOENT');
  await assert.rejects(
    onDisk('/some/file', () => Promise.reject(cause)),
    (error) => error === cause,
  );
});

it('a save to a file system that takes no file of its size says so', () => {
  using folder = tempFolder();
  const script = `
    const { FileWriter } = await import('#image/file-writer.ts');
    const { isSlipwayError } = await import('#core/errors.ts');
    await using file = await FileWriter.open(${JSON.stringify(folder.at('large'))});
    try {
      await file.write(Buffer.alloc(100_000));
    } catch (error) {
      console.log(isSlipwayError(error) ? error.code : error);
    }`;
  const limited = ['-c', 'ulimit -f 64; exec "$0" --input-type=module -e "$1"'];
  const said = execFileSync('sh', [...limited, process.execPath, script], { encoding: 'utf8' });
  assert.equal(said, 'FILE_TOO_LARGE\n');
});
