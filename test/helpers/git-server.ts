/** A repository of a test's own behind git's own daemon on loopback. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ENV = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
  GIT_AUTHOR_DATE: '1500000000 +0000',
  GIT_COMMITTER_DATE: '1500000000 +0000',
};

/** A reason to skip, or false. */
export function cannotServeGit(): string | false {
  try {
    execFileSync('git', ['daemon', '--help'], { env: ENV, stdio: 'ignore' });
    return false;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing ? 'needs git: not installed' : false;
  }
}

/** Runs git in a folder. */
export function git(folder: string, ...args: readonly string[]): string {
  const argv = ['-c', 'protocol.file.allow=always', '-C', folder, ...args];
  return execFileSync('git', argv, { env: ENV, encoding: 'utf8' }).trim();
}

/** Writes files and commits all; gives the commit. */
export function commit(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'change');
  return git(folder, 'rev-parse', 'HEAD');
}

export function newRepository(folder: string): string {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '-q', '-b', 'main');
  return folder;
}

export interface GitServer extends AsyncDisposable {
  /** `git://127.0.0.1:N`; repositories below it by their folder's name. */
  readonly url: string;
}

/** Serves every repository in `folder`. */
export async function gitServer(folder: string): Promise<GitServer> {
  const port = await freePort();
  const child = spawn(
    'git',
    [
      'daemon',
      `--base-path=${folder}`,
      '--export-all',
      '--reuseaddr',
      '--listen=127.0.0.1',
      `--port=${port}`,
      folder,
    ],
    {
      env: {
        ...ENV,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
      },
      stdio: 'ignore',
      detached: true,
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await listening(port);
  return {
    url: `git://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      // The daemon is a child of the git program: both are in its group.
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (let attempt = 0; attempt < 4800; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isUp) return;
    await sleep(25);
  }
  throw new Error('git daemon does not listen');
}
