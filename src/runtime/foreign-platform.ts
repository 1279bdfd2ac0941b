/**
 * Whether containers of another platform than the machine's run here. Known by running the smallest
 * program of it; what binfmt_misc says is then read for the reason, and for what running it here
 * cannot show: whether the interpreter is found inside a container.
 */
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { SlipwayError } from '#core/errors.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import { BINFMT_FOLDER, type Binfmt, entryFor, readBinfmt } from './binfmt.ts';
import { exitProgram } from './foreign-program.ts';

export interface ForeignCheck {
  readonly host: Platform;
  /** Gives a path for the program; it is removed again. */
  readonly temporary: () => string;
  readonly binfmt?: Binfmt;
}

/** @throws PLATFORM_NOT_RUNNABLE with what is missing; nothing for an architecture we cannot try */
export async function requireRunnable(platform: Platform, check: ForeignCheck): Promise<void> {
  const { host, temporary } = check;
  if (platform.os !== host.os) {
    throw notRunnable(platform, host, {
      reason: `a ${host.os} kernel runs no programs for ${platform.os}`,
      fix: `build RUN steps of ${platform.os} images on ${platform.os}`,
    });
  }
  if (platform.architecture === host.architecture) return;
  const program = exitProgram(platform.architecture);
  if (!program) return;
  const ran = await tryProgram(program, temporary());
  const problem = problemOf(ran, { program, platform, binfmt: check.binfmt ?? readBinfmt() });
  if (problem) throw notRunnable(platform, host, problem);
}

interface Problem {
  readonly reason: string;
  readonly fix: string;
}

/** Pure. */
export function problemOf(
  ran: boolean,
  {
    program,
    platform,
    binfmt,
  }: { readonly program: Uint8Array; readonly platform: Platform; readonly binfmt: Binfmt },
): Problem | undefined {
  const entry = entryFor(program, binfmt.entries);
  const install = installLine(platform);
  if (ran) {
    if (!entry || entry.isFixed) return undefined;
    return {
      reason: `${entry.interpreter} is registered without the flag F, so containers cannot see it`,
      fix: `register an interpreter that is linked statically with the flag F, as root: ${install}`,
    };
  }
  if (!entry) {
    const reason = `no interpreter for ${platform.architecture} programs is registered`;
    if (binfmt.isMounted) return { reason, fix: `as root: ${install}` };
    const mount = `as root: mount -t binfmt_misc binfmt_misc ${BINFMT_FOLDER}`;
    return {
      reason: `${reason}, and binfmt_misc is not mounted`,
      fix: `${mount}, then ${install}`,
    };
  }
  if (!binfmt.isEnabled || !entry.isEnabled) {
    const switched = binfmt.isEnabled ? entry.name : 'status';
    return {
      reason: `the interpreter ${entry.interpreter} is registered, but switched off`,
      fix: `as root: echo 1 > ${BINFMT_FOLDER}/${switched}`,
    };
  }
  return {
    reason: `the interpreter ${entry.interpreter} is registered, but does not work`,
    fix: `install it anew, as root: ${install}`,
  };
}

function installLine({ architecture }: Platform): string {
  return `apt-get install qemu-user-static binfmt-support (Fedora: dnf install qemu-user-static), or docker run --privileged --rm tonistiigi/binfmt --install ${architecture}`;
}

function notRunnable(platform: Platform, host: Platform, { reason, fix }: Problem): SlipwayError {
  return new SlipwayError(
    'PLATFORM_NOT_RUNNABLE',
    `cannot run commands for ${formatPlatform(platform)} on ${formatPlatform(host)}: exec format error`,
    {
      hint: `${fix}; or put RUN into a stage FROM --platform=$BUILDPLATFORM`,
      cause: new Error(reason),
      detail: { platform: formatPlatform(platform), reason },
    },
  );
}

/** Where it cannot be started at all, the C library hands it to a shell, which fails as well. */
async function tryProgram(program: Uint8Array, path: string): Promise<boolean> {
  try {
    await writeFile(path, program, { mode: 0o700 });
    return await new Promise<boolean>((resolve) => {
      const child = spawn(path, [], { stdio: 'ignore', env: {} });
      child.on('error', () => resolve(false));
      child.on('close', (code) => resolve(code === 0));
    });
  } finally {
    await rm(path, { force: true });
  }
}
