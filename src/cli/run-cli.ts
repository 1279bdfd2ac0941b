/** One command line from words to exit code. */
import { COMMANDS } from './command-table.ts';
import { dispatch } from './dispatch.ts';
import { type Host, processHost } from './host.ts';
import { packageVersion } from './package-root.ts';

/** Runs a command line (without the program's name). Resolves to the exit code; never rejects. */
export async function runCli(argv: readonly string[], host: Host = processHost()): Promise<number> {
  const target = dispatch(argv);
  switch (target.kind) {
    case 'command': {
      const load = COMMANDS[target.id];
      if (!load) throw new Error(`no module for command ${target.id}`);
      const { default: Command } = await load();
      return await new Command(target.argv, host).execute();
    }
    case 'help': {
      const { helpText } = await import('./help.ts');
      host.stdout.write(await helpText(target.words));
      return 0;
    }
    case 'version':
      host.stdout.write(`Slipway version ${packageVersion()}\n`);
      return 0;
    case 'unknown':
      host.stderr.write(unknownText(target));
      return 1;
  }
}

function unknownText({
  word,
  isFlag,
}: {
  readonly word: string;
  readonly isFlag: boolean;
}): string {
  const problem = isFlag ? `unknown flag: ${word}` : `slipway: '${word}' is not a slipway command.`;
  return `${problem}\nSee 'slipway --help'\n`;
}
