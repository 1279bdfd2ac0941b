/**
 * Rootless: who may not make namespaces begins again as root of a user namespace, as the same process
 * (native/src/userns.c). Where there is none to be had the command starts all the same, and says so
 * when it needs one.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { USER_NAMESPACE_VARIABLE } from '#core/user-namespace.ts';
import { type CliSettings, environmentInside } from './settings.ts';

const CAP_SYS_ADMIN = 21n;

/** What decides, as facts. */
export interface Standing {
  readonly uid: number;
  /** Effective capabilities as a mask. */
  readonly capabilities: bigint;
}

/** Never returns where a namespace is needed: this process becomes another program. */
export function enterUserNamespace(settings: CliSettings): void {
  const { helper } = settings.engine;
  if (!needsUserNamespace(settings, standing()) || !isExecutable(helper)) return;
  const [, script = ''] = process.argv;
  // The second arguments are the words of the new program, its own name first.
  process.execve?.(
    helper,
    [
      helper,
      'userns',
      USER_NAMESPACE_VARIABLE,
      '--',
      process.execPath,
      ...process.execArgv,
      script,
      ...process.argv.slice(2),
    ],
    environmentInside(settings),
  );
}

/** Pure. Root that lost CAP_SYS_ADMIN is in need, too, unless it is to make do with chroot. */
export function needsUserNamespace(
  { engine: { isolation, userNamespace } }: CliSettings,
  { uid, capabilities }: Standing,
): boolean {
  if (userNamespace !== undefined || isolation === 'namespaces') return false;
  if (isolation === 'userns' || uid !== 0) return true;
  return isolation !== 'chroot' && (capabilities & (1n << CAP_SYS_ADMIN)) === 0n;
}

function standing(): Standing {
  const status = readFileSync('/proc/self/status', 'latin1');
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return { uid: process.geteuid?.() ?? 0, capabilities: BigInt(`0x${mask}`) };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
