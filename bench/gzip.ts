/**
 * The gzip of a layer: ours in parallel blocks, against gzip and pigz at the same level, and how large
 * each makes it. The content is this project's node_modules as a tar: source text, mostly.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress } from '#archive/compression.ts';
import { measure, table } from './measure.ts';
import { run } from './programs.ts';

const ROOT = join(import.meta.dirname, '..');

export async function gzip(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const tar = join(folder, 'layer.tar');
    await run('tar', ['-cf', tar, '-C', ROOT, 'node_modules/chevrotain', 'node_modules/undici']);
    const sizes = new Map<string, number>();
    const program = (name: string) => ({
      name,
      run: async () => {
        await run('sh', ['-c', `${name} -c ${tar} > ${tar}.gz`]);
        sizes.set(name, statSync(`${tar}.gz`).size);
      },
    });
    const hasPigz = spawnSync('pigz', ['--version']).error === undefined;
    const timings = await measure([
      program('gzip -6'),
      ...(hasPigz ? [program('pigz -6')] : []),
      {
        name: 'ours',
        run: async () => {
          let size = 0;
          for await (const { length } of compress(createReadStream(tar), 'gzip')) size += length;
          sizes.set('ours', size);
        },
      },
    ]);
    const made = [...sizes].map(([name, size]) => `${name} ${(size / 1e6).toFixed(2)} MB`);
    const megabytes = (statSync(tar).size / 1e6).toFixed(1);
    return `A tar of ${megabytes} MB becomes: ${made.join(', ')}.\n\n${table(timings, 'gzip -6')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
