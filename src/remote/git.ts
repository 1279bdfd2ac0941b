/**
 * Repositories through the `git` program, which sees nothing of the user's: no configuration, no
 * home, no prompts, no hooks, and of the protocols only those that cross a network. What it fetches
 * is foreign: the folder is read afterwards as any context, nothing of it is run here.
 */
import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { cancelledBy } from './errors.ts';

export interface GitAddress {
  readonly remote: string;
  readonly ref?: string;
  /** The value of an Authorization header, for the remote's own host. */
  readonly authorization?: string;
  /** The socket of an ssh agent; absent: ssh has the user's own key files alone. */
  readonly agent?: string;
  readonly signal: AbortSignal;
  /** Default: the `git` on the usual paths. */
  readonly program?: string;
}

/** Nothing of it is the repository's business. */
const SAFE = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.symlinks', 'true'],
  ['credential.helper', ''],
  ['advice.detachedHead', 'false'],
  ['init.defaultBranch', 'main'],
  ['protocol.allow', 'never'],
  ['protocol.http.allow', 'always'],
  ['protocol.https.allow', 'always'],
  ['protocol.git.allow', 'always'],
  ['protocol.ssh.allow', 'always'],
].flatMap(([name, value]) => ['-c', `${name}=${value}`]);

const ERROR_TEXT_MAX = 4000;

/** The commit that a reference means; a whole commit is what it says. @throws GIT_FAILED */
export async function resolveCommit(address: GitAddress): Promise<string> {
  const { remote, ref = 'HEAD' } = address;
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return ref;
  // Without a folder of its own, git would heed the one it stands in.
  const listing = await git(['ls-remote', '--', remote, ref, `${ref}^{}`], {
    ...address,
    cwd: '/',
  });
  const lines = listing.split('\n').map((line) => line.split('\t'));
  const commit = new Map(lines.map(([sha = '', name = '']) => [name, sha]));
  const names = [
    ref,
    `refs/heads/${ref}`,
    `refs/tags/${ref}^{}`,
    `refs/tags/${ref}`,
    `refs/${ref}`,
  ];
  // An annotated tag is an object of its own: `^{}` is the commit it stands for.
  const found = [`${ref}^{}`, ...names].map((name) => commit.get(name)).find((sha) => sha);
  if (found !== undefined) return found;
  if (/^[0-9a-f]{7,}$/.test(ref)) return ref;
  throw new SlipwayError('GIT_FAILED', `repository does not contain ref ${ref}: ${shown(remote)}`, {
    hint: 'name a branch, a tag or the whole name of a commit',
    detail: { ref },
  });
}

/** Makes the folder's content that of a commit; says when that was made. @throws GIT_FAILED */
export async function checkOut(
  address: GitAddress,
  options: {
    readonly commit: string;
    readonly folder: string;
    readonly keepGitDir: boolean;
    readonly submodules: boolean;
  },
): Promise<{ readonly time: number }> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const call = { ...address, cwd: folder };
  await git(['init', '--quiet', '--template='], call);
  await git(['remote', 'add', 'origin', address.remote], call);
  const commit = await fetched(call, options.commit);
  await git(['checkout', '--quiet', '--force', '--detach', commit], call);
  if (options.submodules) {
    const update = ['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1'];
    await git(update, call);
  }
  const time = Number((await git(['log', '-1', '--format=%ct'], call)).trim());
  if (!options.keepGitDir) await removeGitFolders(folder, call);
  return { time };
}

/** One commit where the server gives it by name; else the reference, or all there is. */
async function fetched(call: GitAddress & { readonly cwd: string }, commit: string) {
  const fetch = ['fetch', '--quiet', '--no-write-fetch-head', '--no-tags'];
  const attempts: readonly (readonly string[])[] = [
    [...fetch, '--depth=1', 'origin', commit],
    ...(call.ref === undefined ? [] : [[...fetch, 'origin', `${call.ref}:refs/slipway/wanted`]]),
    ['fetch', '--quiet', 'origin', '+refs/*:refs/remotes/origin/*'],
  ];
  let failure: unknown;
  for (const attempt of attempts) {
    try {
      await git(attempt, call);
      return (await git(['rev-parse', '--verify', '--quiet', `${commit}^{commit}`], call)).trim();
    } catch (error) {
      call.signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

/** Submodules have a file of this name, their data is in the folder at the top. */
async function removeGitFolders(folder: string, call: GitAddress & { readonly cwd: string }) {
  const list = ['submodule', '--quiet', 'foreach', '--recursive', 'echo "$displaypath"'];
  const modules = (await git(list, call)).split('\n').filter((path) => path !== '');
  for (const path of ['', ...modules]) {
    await rm(join(folder, path, '.git'), { recursive: true, force: true });
  }
}

async function git(
  args: readonly string[],
  address: GitAddress & { readonly cwd: string },
): Promise<string> {
  const { cwd, remote, agent, signal, program = 'git' } = address;
  if (signal.aborted) throw cancelledBy(signal);
  const child = spawn(program, [...SAFE, ...args], {
    cwd,
    signal,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '/bin/false',
      GIT_CEILING_DIRECTORIES: '/',
      GIT_PROTOCOL_FROM_USER: '0',
      GIT_SSH_COMMAND: 'ssh -F /dev/null -o BatchMode=yes',
      ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }),
      ...authorizing(address),
    },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => void out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => void err.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(signal.aborted ? cancelledBy(signal) : unstartable(error)));
    child.on('close', resolve);
  });
  if (code === 0) return Buffer.concat(out).toString();
  if (signal.aborted) throw cancelledBy(signal);
  throw failed(remote, Buffer.concat(err).toString());
}

/** By the environment: arguments can be seen by everybody on the machine. */
function authorizing({ remote, authorization }: GitAddress): Readonly<Record<string, string>> {
  const url = URL.parse(remote);
  if (!url || authorization === undefined) return {};
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${url.protocol}//${url.host}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
  };
}

function unstartable(error: Error): unknown {
  if (errnoOf(error) !== 'ENOENT') return error;
  return new SlipwayError('GIT_MISSING', 'git is needed for repositories, and is not installed', {
    hint: 'install git, or clone the repository yourself and build from the folder',
    cause: error,
  });
}

function failed(remote: string, text: string): SlipwayError {
  const lines = text.trim().split('\n');
  const reason =
    lines.findLast((line) => /^(fatal|error|remote):/.test(line)) ?? lines.at(-1) ?? '';
  const secret = URL.parse(remote)?.password;
  const told = secret ? reason.replaceAll(secret, 'xxxxx') : reason;
  return new SlipwayError('GIT_FAILED', `failed to fetch remote ${shown(remote)}: ${told}`, {
    hint: hintFor(text),
    detail: { reason: told.slice(0, ERROR_TEXT_MAX) },
  });
}

/** What ssh says on its way is in the whole text; git's own last words are the same for all. */
function hintFor(text: string): string {
  if (/Host key verification failed/.test(text)) {
    return 'put the key of the host into ~/.ssh/known_hosts or /etc/ssh/ssh_known_hosts (ssh-keyscan HOST), having checked it';
  }
  if (/Permission denied \(.*publickey/.test(text)) {
    return 'give the key to an ssh agent (ssh-add FILE) and the agent to the build: --ssh default';
  }
  return 'check the address, the reference and the network; git asks nobody for a password here';
}

/** Without the password of a URL. */
function shown(remote: string): string {
  const url = URL.parse(remote);
  if (!url?.password) return remote;
  url.password = 'xxxxx';
  return url.href;
}
