/** One command line from words to exit code. */
import { ALIASES } from './aliases.ts';
import { COMMANDS } from './command-table.ts';
import { type Dispatch, dispatch } from './dispatch.ts';
import { type CommandSet, type Host, hostWith, processHost } from './host.ts';
import { packageVersion } from './package-root.ts';

const COMMAND_SET: CommandSet = {
  run: runCli,
  knows: (argv) => dispatch(argv).kind !== 'unknown',
  flagsOf: async (id) => (await COMMANDS[id]?.())?.default.flags ?? {},
};

type Unknown = Extract<Dispatch, { readonly kind: 'unknown' }>;

/** Runs a command line (without the program's name). Resolves to the exit code; never rejects. */
export async function runCli(argv: readonly string[], host: Host = processHost()): Promise<number> {
  const target = dispatch(argv);
  switch (target.kind) {
    case 'command': {
      const load = COMMANDS[target.id];
      if (!load) throw new Error(`no module for command ${target.id}`);
      const { default: Command } = await load();
      return await new Command(target.argv, hostWith(host, { commands: COMMAND_SET })).execute();
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
      host.stderr.write(await unknownText(target));
      return 1;
  }
}

async function unknownText(unknown: Unknown): Promise<string> {
  const { word, isFlag } = unknown;
  const problem = isFlag ? `unknown flag: ${word}` : `slipway: '${word}' is not a slipway command.`;
  const similar = isFlag ? undefined : await similarCommand(word);
  const hint = similar === undefined ? '' : `Did you mean 'slipway ${similar}'?\n`;
  return `${problem}\n${hint}See 'slipway --help'\n`;
}

/** The command that was probably meant, docker's long names included. */
async function similarCommand(word: string): Promise<string | undefined> {
  const { suggest } = await import('#dockerfile/suggest.ts');
  const ids = [...Object.keys(COMMANDS), ...Object.keys(ALIASES)];
  return suggest(word, [...ids.map((id) => id.replaceAll(':', ' ')), 'help']);
}
