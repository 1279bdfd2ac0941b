/**
 * Indexing a layer, which reads, parses and hashes its tar once, against programs that only do parts
 * of that: tar's reading piped into a checksum, and the checksum alone. With 20,000 small files, and
 * with 100,000 entries of which most are empty, where the entries count and not the bytes.
 */
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexTar } from '#layer/index-tar.ts';
import { measure, table } from './measure.ts';
import { run } from './programs.ts';
import { writeTar } from './sample-tars.ts';

export async function indexLayer(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const few = join(folder, 'few.tar');
    const many = join(folder, 'many.tar');
    await writeTar(few, { folders: 200, filesEach: 100, bytesEach: 1200 });
    await writeTar(many, { folders: 1000, filesEach: 99, bytesEach: 0 });
    return `${await timesOf(few, '20,200 entries')}\n${await timesOf(many, '100,000 entries')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timesOf(tar: string, what: string): Promise<string> {
  const timings = await measure([
    {
      name: 'tar -xO \\| sha256sum',
      run: () => run('sh', ['-c', `tar -xOf ${tar} | sha256sum`]),
    },
    { name: 'tar -t', run: () => run('tar', ['-tf', tar]) },
    { name: 'sha256sum', run: () => run('sha256sum', [tar]) },
    {
      name: 'indexTar',
      run: async () => {
        await indexTar(createReadStream(tar, { highWaterMark: 1024 * 1024 }));
      },
    },
  ]);
  const megabytes = (statSync(tar).size / 1e6).toFixed(0);
  return `${what}, a tar of ${megabytes} MB. indexTar runs in this process, the others start one.\n\n${table(timings, 'tar -xO \\| sha256sum')}`;
}
