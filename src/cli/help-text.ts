/** Help in docker's layout: usage, what it does, other names, options; or the commands of a group. Pure. */

export interface FlagHelp {
  readonly name: string;
  readonly char?: string | undefined;
  readonly description: string;
  /** How the value is called; absent: it takes none. */
  readonly value?: string | undefined;
}

export interface CommandHelp {
  /** As typed, without the program. */
  readonly usage: string;
  readonly summary: string;
  /** All its names, this one included; shown when there is more than one. */
  readonly names: readonly string[];
  /** Command lines; what they do stands behind a `#`. */
  readonly examples: readonly string[];
  /** Commands of two words that begin with this one. */
  readonly commands: HelpRows['rows'];
  readonly flags: readonly FlagHelp[];
  /** Those that every command takes. */
  readonly globalFlags: readonly FlagHelp[];
}

export interface HelpRows {
  readonly heading: string;
  readonly rows: readonly (readonly [name: string, summary: string])[];
}

const LINE_WIDTH = 80;
const GAP = 3;

export function commandHelp(command: CommandHelp): string {
  const names = command.names.map((name) => `slipway ${name}`).join(', ');
  return [
    `Usage:  slipway ${command.usage}\n`,
    `${command.summary}\n`,
    ...(command.names.length > 1 ? [`Aliases:\n  ${names}\n`] : []),
    ...(command.examples.length > 0 ? [exampleSection(command.examples)] : []),
    ...(command.commands.length > 0 ? [`Commands:\n${columns(command.commands)}`] : []),
    ...(command.flags.length > 0 ? [flagSection('Options', command.flags)] : []),
    flagSection('Global Options', command.globalFlags),
  ].join('\n');
}

/** `topic`: the words before COMMAND, such as `image`. */
export function groupHelp(topic: string, summary: string, groups: readonly HelpRows[]): string {
  return [
    `Usage:  slipway ${topic} COMMAND\n`,
    `${summary}\n`,
    ...groups.map(({ heading, rows }) => `${heading}:\n${columns(rows)}`),
    `Run 'slipway ${topic} COMMAND --help' for more about a command.\n`,
  ].join('\n');
}

function exampleSection(examples: readonly string[]): string {
  return `Examples:\n${examples.map((line) => `  ${line}\n`).join('')}`;
}

function flagSection(heading: string, flags: readonly FlagHelp[]): string {
  const rows = flags
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, char, description, value }) => {
      const short = char === undefined ? '    ' : `-${char}, `;
      return [`${short}--${name}${value === undefined ? '' : ` ${value}`}`, description] as const;
    });
  return `${heading}:\n${columns(rows)}`;
}

/** Two columns, the second wrapped into its own. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length)) + GAP;
  return rows
    .map(([name, text]) => {
      const lines = wrapped(text, LINE_WIDTH - width - 2);
      const [first = '', ...rest] = lines;
      const below = rest.map((line) => `  ${' '.repeat(width)}${line}\n`);
      return `  ${name.padEnd(width)}${first}\n${below.join('')}`;
    })
    .join('');
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && longer.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
