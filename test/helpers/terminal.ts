/**
 * The real command on a terminal: a pseudo-terminal that `script` (util-linux) makes, with what is
 * typed and shown in the hands of the test.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { SLIPWAY } from './cli-process.ts';

export interface TerminalSession {
  /** All that was shown so far, control characters included. */
  readonly shown: () => string;
  type(keys: string): void;
  /** Waits until this was shown; what was shown up to its end. */
  until(pattern: RegExp): Promise<string>;
  resize(rows: number, columns: number): void;
  readonly exitCode: Promise<number | null>;
  /** Ends what still runs. */
  kill(): void;
}

/** Undefined where terminals can be made here, else why not. */
export function terminalUnfit(): string | undefined {
  const { status } = spawnSync('script', ['--version'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'script (util-linux) is not installed';
}

const GUARD_MS = 120_000;

/** Runs `slipway ARGV` on a new terminal of 30 rows and 100 columns. */
export function onTerminal(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): TerminalSession {
  const command = `stty rows 30 cols 100; echo "on $(tty)"; exec ${[SLIPWAY, ...argv].map(quoted).join(' ')}`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    for (const watch of watchers) watch();
  });
  const exitCode = new Promise<number | null>((resolve) => child.on('close', resolve));
  void exitCode.then(() => {
    for (const watch of watchers) watch();
  });
  return {
    shown: () => text,
    type: (keys) => void child.stdin.write(keys),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const guard = setTimeout(
          () => reject(new Error(`${pattern} never came:\n${text}`)),
          GUARD_MS,
        );
        const watch = (): void => {
          const found = pattern.exec(text);
          const isOver = child.exitCode !== null;
          if (!found && !isOver) return;
          clearTimeout(guard);
          watchers.delete(watch);
          if (found) resolve(text.slice(0, found.index + found[0].length));
          else reject(new Error(`it ended without ${pattern}:\n${text}`));
        };
        watchers.add(watch);
        watch();
      }),
    resize: (rows, columns) => {
      const device = /on (\/dev\/\S+)/.exec(text)?.[1];
      assert.ok(device, text);
      const size = ['rows', String(rows), 'cols', String(columns)];
      assert.equal(spawnSync('stty', ['-F', device, ...size]).status, 0);
    },
    exitCode,
    kill: () => void child.kill('SIGKILL'),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
