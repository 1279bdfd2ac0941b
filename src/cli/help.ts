/**
 * Help, by oclif from its manifest. The only module that loads oclif: running a command needs none
 * of it. No plugin or command is searched for; the manifest says what there is.
 */
import { Config, Help } from '@oclif/core';
import { GLOBAL_FLAGS } from './flags.ts';
import { packageRoot } from './package-root.ts';

/** Help for a command or topic (`['registry', 'serve']`), or for everything, as text. */
export async function helpText(words: readonly string[]): Promise<string> {
  const config = await Config.load({ root: packageRoot(), devPlugins: false, userPlugins: false });
  const help = new CollectingHelp(config, { stripAnsi: true });
  await help.showHelp([...words]);
  return help.text;
}

const NAME_WIDTH = 18;

const GLOBAL_ROWS: readonly (readonly [name: string, summary: string])[] = [
  ['-D, --debug', GLOBAL_FLAGS.debug.description],
  ['    --root folder', GLOBAL_FLAGS.root.description],
  ['    --help', GLOBAL_FLAGS.help.description],
  ['-v, --version', 'Show the version'],
];

/** The overview's groups, each command in one of them; ids as in the manifest. */
export const COMMAND_GROUPS: readonly (readonly [heading: string, ids: readonly string[]])[] = [
  ['Common Commands', ['run', 'build', 'pull', 'push', 'images', 'version']],
  [
    'Image Commands',
    [
      'export',
      'import',
      'inspect',
      'lint',
      'load',
      'rmi',
      'save',
      'tag',
      'image:analyze',
      'image:cat',
      'image:cp',
      'image:diff',
      'image:ls-files',
    ],
  ],
  ['Registry Commands', ['registry:serve']],
];

class CollectingHelp extends Help {
  text = '';

  /** docker's overview: commands by what they are for, then what goes with all of them. */
  protected override async showRootHelp(): Promise<void> {
    const rows = COMMAND_GROUPS.map(([heading, ids]) => ({
      heading,
      rows: ids.map((id) => [
        id.replaceAll(':', ' '),
        this.config.findCommand(id, { must: true }).summary ?? '',
      ]),
    }));
    this.log(`Usage:  slipway [OPTIONS] COMMAND\n\n${this.config.pjson.description ?? ''}`);
    for (const group of [...rows, { heading: 'Global Options', rows: GLOBAL_ROWS }]) {
      this.log(`\n${group.heading}:`);
      for (const [name = '', summary = ''] of group.rows) {
        this.log(`  ${name.padEnd(NAME_WIDTH)}${summary}`);
      }
    }
    this.log("\nRun 'slipway COMMAND --help' for more about a command.");
    this.log("docker's long names work, too: 'slipway image ls', 'slipway container run'.");
  }

  protected override log(...lines: string[]): void {
    this.text += `${lines.join(' ')}\n`;
  }
}
