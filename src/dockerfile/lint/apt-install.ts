/** `apt-get install` as a command, for the rules about its options and packages. */
import { hasOption, subcommand } from './command-options.ts';
import type { ShellCommand, ShellWord } from './shell-words.ts';

/** Options that only show what would be done. */
const SIMULATING = ['s', 'simulate', 'just-print', 'dry-run', 'recon', 'no-act', 'print-uris'];

/** The word `install` of a command that installs packages with apt-get. */
export function aptGetInstall(command: ShellCommand): ShellWord | undefined {
  const install = subcommand(command, 'apt-get', 'install');
  return install === undefined || hasOption(command, ...SIMULATING) ? undefined : install;
}
