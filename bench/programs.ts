/** Running programs from a benchmark: ours and the peers. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const SLIPWAY = join(import.meta.dirname, '../bin/slipway');

/** Runs to the end; what it prints is dropped. @throws when it fails */
export async function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const env = { ...process.env, CI: 'true', ...environment };
  await execute(program, [...args], { env, maxBuffer: 64 * 1024 * 1024 });
}

/** Whether such a command works here; its first line of complaint if not. */
export function refusalOf(program: string, args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(program, [...args], { encoding: 'utf8' });
  if (error) return 'not installed';
  return status === 0 ? undefined : (stderr.trim().split('\n').at(-1) ?? `exit code ${status}`);
}
