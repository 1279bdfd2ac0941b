/** What does starting the command cost, over what Node itself costs? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, table } from './measure.ts';
import { run, SLIPWAY } from './programs.ts';

export async function startup(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const timings = await measure(
      [
        { name: 'node -e 0', run: () => run(process.execPath, ['-e', '0']) },
        { name: 'slipway --version', run: () => run(SLIPWAY, ['--version']) },
        { name: 'slipway build --help', run: () => run(SLIPWAY, ['build', '--help']) },
        { name: 'slipway images', run: () => run(SLIPWAY, ['--root', root, 'images']) },
      ],
      15,
    );
    return table(timings, 'node -e 0');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
