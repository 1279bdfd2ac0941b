/**
 * Help, by oclif from its manifest. The only module that loads oclif: running a command needs none
 * of it. No plugin or command is searched for; the manifest says what there is.
 */
import { type Command, Config, Help, type Interfaces } from '@oclif/core';
import { ALIASES } from './aliases.ts';
import { GLOBAL_FLAGS } from './flags.ts';
import { commandHelp, type FlagHelp, groupHelp } from './help-text.ts';
import { packageRoot } from './package-root.ts';

/** Help for a command or topic (`['registry', 'serve']`), or for everything, as text. */
export async function helpText(path: readonly string[]): Promise<string> {
  const config = await Config.load({ root: packageRoot(), devPlugins: false, userPlugins: false });
  const topic = path.join(':');
  if (
    !config.commandIDs.includes(topic) &&
    idsOf(config).some((id) => id.startsWith(`${topic}:`))
  ) {
    return topicHelp(topic, config);
  }
  const help = new CollectingHelp(config, { stripAnsi: true });
  await help.showHelp([...path]);
  return help.text;
}

type LoadedConfig = Interfaces.Config;

const NAME_WIDTH = 19;

const GLOBAL_ROWS: readonly (readonly [name: string, summary: string])[] = [
  ['-D, --debug', GLOBAL_FLAGS.debug.description],
  ['    --root folder', GLOBAL_FLAGS.root.description],
  ['    --help', GLOBAL_FLAGS.help.description],
  ['-v, --version', 'Show the version'],
];

/** The overview's groups, each command in one of them; ids as in the manifest. */
export const COMMAND_GROUPS: readonly (readonly [heading: string, ids: readonly string[]])[] = [
  [
    'Common Commands',
    ['run', 'build', 'pull', 'push', 'copy', 'images', 'login', 'logout', 'doctor', 'version'],
  ],
  ['Build History Commands', ['history:ls', 'history:logs', 'history:inspect', 'history:rm']],
  [
    'Image Commands',
    [
      ...['export', 'history', 'import', 'inspect', 'inventory', 'lint', 'load', 'rmi', 'save'],
      ...['tag', 'image:analyze', 'image:cat', 'image:cp', 'image:diff', 'image:inspect'],
      'image:ls-files',
    ],
  ],
  [
    'Store Commands',
    [
      'builder:du',
      'builder:prune',
      'image:prune',
      'system:check',
      'system:df',
      'system:gc',
      'system:prune',
      'why',
    ],
  ],
  [
    'Registry Commands',
    [
      'sync',
      ...['registry:serve', 'registry:user:add', 'registry:user:ls', 'registry:user:rm'],
      'digest',
      'ls',
      'search',
      'tag:rm',
      ...['manifest:create', 'manifest:annotate', 'manifest:inspect', 'manifest:push'],
      'manifest:rm',
      ...['registry:gc', 'registry:retention', 'registry:check', 'registry:stats'],
      ...['registry:import', 'registry:export'],
      ...['imagetools:create', 'imagetools:inspect'],
      'validate',
      ...['registry:key:add', 'registry:key:ls', 'registry:key:rm', 'config:registries'],
    ],
  ],
  ['Signature Commands', ['generate-key-pair', 'sign', 'verify']],
  ['In Place of Others', ['shim', 'shim:install']],
];

/** Commands of a group of docker's that docker does not have. */
const OWN_HEADING = 'Files and Layers';
const OWN: ReadonlySet<string> = new Set(['analyze', 'cat', 'cp', 'diff', 'ls-files']);
/** Other spellings of a command that the group has already. */
const SECOND_NAMES: ReadonlySet<string> = new Set(['image:list', 'image:remove']);

/** A group of commands: its own, and docker's long names for others. */
function topicHelp(topic: string, config: LoadedConfig): string {
  const rows = idsOf(config)
    .filter((id) => id.startsWith(`${topic}:`) && !SECOND_NAMES.has(id))
    .toSorted()
    .map(
      (id) => [words(id.slice(topic.length + 1)), summaryOf(ALIASES[id] ?? id, config)] as const,
    );
  const groups = [
    { heading: 'Commands', rows: rows.filter(([name]) => !OWN.has(name)) },
    { heading: OWN_HEADING, rows: rows.filter(([name]) => OWN.has(name)) },
  ];
  const title = config.topics.find(({ name }) => name === topic)?.description;
  return groupHelp(
    words(topic),
    title ?? "docker's long names",
    groups.filter((group) => group.rows.length > 0),
  );
}

/** As typed: `registry user add`. */
function words(id: string): string {
  return id.replaceAll(':', ' ');
}

/** Of commands, and docker's long names of them. */
function idsOf(config: LoadedConfig): readonly string[] {
  return [...config.commandIDs, ...Object.keys(ALIASES)];
}

function summaryOf(id: string, config: LoadedConfig): string {
  return config.findCommand(id, { must: true }).summary ?? '';
}

function flagHelp([name, flag]: [string, Command.Flag.Cached]): FlagHelp {
  const value = flag.type === 'option' ? (flag.helpValue ?? name) : undefined;
  return {
    name,
    char: flag.char,
    description: flag.description ?? '',
    value: Array.isArray(value) ? value.join(' ') : value,
  };
}

class CollectingHelp extends Help {
  text = '';

  /** docker's overview: commands by what they are for, then what goes with all of them. */
  protected override async showRootHelp(): Promise<void> {
    const rows = COMMAND_GROUPS.map(([heading, ids]) => ({
      heading,
      rows: ids.map((id) => [words(id), summaryOf(id, this.config)]),
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

  override async showCommandHelp(command: Command.Loadable): Promise<void> {
    const flags = Object.entries(command.flags).filter(([, { hidden }]) => !hidden);
    const names = Object.keys(ALIASES).filter((id) => ALIASES[id] === command.id);
    const isGlobal = ([name]: readonly [string, unknown]): boolean =>
      Object.hasOwn(GLOBAL_FLAGS, name);
    this.text += commandHelp({
      usage: String(command.usage),
      summary: command.summary ?? '',
      names: [command.id, ...names].map(words),
      examples: (command.examples ?? []).map(String),
      commands: this.config.commandIDs
        .filter((id) => id.startsWith(`${command.id}:`))
        .toSorted()
        .map((id) => [words(id), summaryOf(id, this.config)]),
      flags: flags.filter((flag) => !isGlobal(flag)).map(flagHelp),
      globalFlags: flags.filter(isGlobal).map(flagHelp),
    });
  }

  protected override log(...lines: string[]): void {
    this.text += `${lines.join(' ')}\n`;
  }
}
