/**
 * Indexing a layer of 20,000 files, which reads, parses and hashes its tar once, against programs
 * that only do parts of that: tar's reading piped into a checksum, and the checksum alone.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexTar } from '#layer/index-tar.ts';
import { measure, table } from './measure.ts';
import { run } from './programs.ts';

const FOLDERS = 200;
const FILES_PER_FOLDER = 100;

export async function indexLayer(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const tar = makeTar(folder);
    const timings = await measure([
      {
        name: 'tar -xO \\| sha256sum',
        run: () => run('sh', ['-c', `tar -xOf ${tar} | sha256sum`]),
      },
      { name: 'sha256sum', run: () => run('sha256sum', [tar]) },
      {
        name: 'indexTar',
        run: async () => {
          await indexTar(createReadStream(tar, { highWaterMark: 1024 * 1024 }));
        },
      },
    ]);
    const megabytes = (statSync(tar).size / 1e6).toFixed(0);
    return `A tar of ${megabytes} MB. indexTar runs in this process, the others start one.\n\n${table(timings, 'tar -xO \\| sha256sum')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeTar(folder: string): string {
  const content = 'x'.repeat(1200);
  for (let i = 0; i < FOLDERS; i++) {
    const sub = join(folder, 'tree', `folder-${i}`);
    mkdirSync(sub, { recursive: true });
    for (let j = 0; j < FILES_PER_FOLDER; j++) writeFileSync(join(sub, `file-${j}`), content);
  }
  const tar = join(folder, 'layer.tar');
  execFileSync('tar', ['-cf', tar, '-C', join(folder, 'tree'), '.']);
  return tar;
}
