/**
 * The real command as somebody else: a user made for the test in a mount namespace of its own (the
 * machine's /etc stays as it is), with or without subordinate ids, or root with less than root may.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HELPER_PROGRAM } from './native-helper.ts';

export const SLIPWAY = fileURLToPath(new URL('../../bin/slipway', import.meta.url));

/** Of no account of this machine. */
export const USER_ID = 42_424;
/** The host's number of the user's second id. */
export const FIRST_SUBID = 2_000_000;

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Standing =
  | 'root'
  /** Not root, with 65536 ids of its own in /etc/subuid. */
  | 'user with subids'
  /** Not root, and only one id. */
  | 'user without subids'
  /** Not root, and user namespaces are forbidden. */
  | 'user without namespaces'
  /** Root without CAP_SYS_ADMIN. */
  | 'root without sys_admin'
  /** Root without CAP_SYS_ADMIN where user namespaces are forbidden: an ordinary CI container. */
  | 'root of a container';

/** Why a standing cannot be made here; undefined when it can. */
export function standingUnfit(standing: Standing): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to become somebody else';
  for (const tool of ['unshare', 'setpriv']) {
    if (spawnSync(tool, ['--version']).error) return `needs ${tool} (util-linux)`;
  }
  if (!existsSync(HELPER_PROGRAM)) return 'needs native/build: npm run setup';
  const isUser = standing.startsWith('user');
  const reach = spawnSync('setpriv', [...AS_USER, 'test', '-x', SLIPWAY]);
  if (isUser && reach.status !== 0) return 'needs a checkout that every user may read';
  if (standing === 'user with subids' && !isProgram('/usr/bin/newuidmap')) {
    return 'needs newuidmap: install uidmap';
  }
  return undefined;
}

const AS_USER = [
  '--reuid',
  `${USER_ID}`,
  '--regid',
  `${USER_ID}`,
  '--clear-groups',
  '--inh-caps=-all',
];
const NO_SYS_ADMIN = ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];

/** A folder that is the user's home; everybody may pass through the one that holds it. */
export function homeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  chmodSync(dirname(path), 0o755);
  chownSync(path, USER_ID, USER_ID);
  return path;
}

/**
 * Runs a program there. `home` gets the private /etc files; what is forbidden is forbidden for this
 * program alone (a user namespace of its own carries the limit).
 */
export function runStanding(
  standing: Standing,
  { home, env = {} }: { readonly home: string; readonly env?: Readonly<Record<string, string>> },
  argv: readonly string[],
): Outcome {
  const [program = '', ...args] = standingCommand(standing, home, argv);
  const ran = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home, SOURCE_DATE_EPOCH: '0', ...env },
    maxBuffer: 2 ** 26,
  });
  return { exitCode: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

/** The same as words to spawn; the process that is spawned becomes the program. */
export function standingCommand(
  standing: Standing,
  home: string,
  argv: readonly string[],
): readonly string[] {
  return [...wrapping(standing, home), ...argv];
}

function wrapping(standing: Standing, home: string): readonly string[] {
  switch (standing) {
    case 'root':
      return [];
    case 'user with subids':
    case 'user without subids':
      return [...privateEtc(home, standing === 'user with subids'), 'setpriv', ...AS_USER];
    case 'user without namespaces':
      return [...limited(), 'setpriv', ...AS_USER];
    case 'root without sys_admin':
      return ['setpriv', ...NO_SYS_ADMIN];
    case 'root of a container':
      return [...limited(), 'setpriv', ...NO_SYS_ADMIN];
  }
}

function privateEtc(home: string, hasSubids: boolean): readonly string[] {
  const line = hasSubids ? `tester:${FIRST_SUBID}:65536\n` : '';
  writeFileSync(
    join(home, 'passwd'),
    `root:x:0:0::/root:/bin/sh\ntester:x:${USER_ID}:${USER_ID}::${home}:/bin/sh\n`,
  );
  writeFileSync(join(home, 'subids'), line);
  const script = [
    `mount --bind '${home}/passwd' /etc/passwd`,
    // Machines without uidmap have no such files: then there is nothing to hide.
    `for file in /etc/subuid /etc/subgid; do [ ! -e $file ] || mount --bind '${home}/subids' $file; done`,
    'exec "$@"',
  ].join(' && ');
  return ['unshare', '--mount', 'sh', '-c', script, 'sh'];
}

/** A user namespace with every id of the host's, in which no other may be made. */
function limited(): readonly string[] {
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
  return [HELPER_PROGRAM, 'userns', 'OF_THE_TEST', '--', '/bin/sh', '-c', script, 'sh'];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
