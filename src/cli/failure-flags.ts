/** Flags of a build that are about its failure, and about being read by a CI system. */
import { SlipwayError } from '#core/errors.ts';
import type { FlagValues } from './flags.ts';
import { text, toggle } from './flags.ts';
import type { Host } from './host.ts';

export const FAILURE_FLAGS = {
  annotations: text({
    description:
      'Mark warnings and the error for a CI system: auto (the default), github, gitlab or none',
    helpValue: 'string',
    options: ['auto', 'github', 'gitlab', 'none'],
  }),
  'code-quality': text({
    description: "Write warnings and the error to a file, as GitLab's Code Quality report",
    helpValue: 'file',
  }),
  'no-keep-failed': toggle({
    description: 'Do not keep the root of a RUN that failed as an image',
  }),
  'on-error': text({
    description: 'When a RUN fails: shell opens one in its root; fail, the default, ends the build',
    helpValue: 'string',
    options: ['shell', 'fail'],
  }),
  'output-on-failure': toggle({
    description: 'Show nothing, but the whole log when the build fails',
  }),
};

export type FailureFlags = FlagValues<typeof FAILURE_FLAGS>;

/** Whether a shell is wanted. @throws USAGE where there is no terminal for it */
export function wantsShell(flags: FailureFlags, host: Host): boolean {
  if (flags['on-error'] !== 'shell') return false;
  const { stdin, stdout } = host;
  const missing = stdin.isTTY !== true ? 'input' : stdout.isTTY !== true ? 'output' : undefined;
  if (missing === undefined) return true;
  throw new SlipwayError('USAGE', `--on-error=shell needs a terminal as standard ${missing}`, {
    hint: 'run it from a terminal; elsewhere look into the image that a failed step leaves: slipway run -it',
  });
}
