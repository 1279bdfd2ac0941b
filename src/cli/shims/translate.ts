/** From a command line of another program to our command lines. Pure, but for what `Place` looks at. */
import type { CommandSet } from '../host.ts';
import type { Place, Plan, Program, ShimCommand } from './program.ts';
import { readLine, refuse } from './read-options.ts';

export type Translation =
  | { readonly kind: 'plan'; readonly plan: Plan; readonly notes: readonly string[] }
  | { readonly kind: 'print'; readonly text: string };

export interface TranslateOptions {
  readonly place: Omit<Place, 'command'>;
  readonly version: string;
  readonly commands: Pick<CommandSet, 'knows' | 'flagsOf'>;
}

/** @throws USAGE, NOT_IMPLEMENTED */
export async function translate(
  program: Program,
  argv: readonly string[],
  options: TranslateOptions,
): Promise<Translation> {
  const { name, only } = program;
  if (only) {
    if (argv[0] === 'version') return { kind: 'print', text: versionText(program, options) };
    return await translateCommand({ command: only, words: [], rest: argv }, program, options);
  }
  const globals = readLine(argv, {
    command: name,
    options: program.globals,
    ours: {},
    flagsFirst: true,
  });
  const { values } = globals;
  const words = globals.words[0] === program.topic ? globals.words.slice(1) : globals.words;
  const answer = program.answers?.[words[0] ?? ''];
  if (answer) return { kind: 'print', text: answer(options.version) };
  if (values.isOn('version') || isVersion(words)) {
    return { kind: 'print', text: versionText(program, options) };
  }
  const { argv: first, over } = program.settings(globals);
  const found = values.isOn('help') ? undefined : findCommand(program, words);
  const translated = found
    ? await translateCommand(found, program, options)
    : asItIs(program, values.isOn('help') ? ['help'] : words, options);
  if (translated.kind === 'print') return translated;
  const { plan, notes } = translated;
  return {
    kind: 'plan',
    plan: {
      ...plan,
      over: { ...over, ...plan.over },
      lines: plan.lines.map((line) => [...first, ...line]),
    },
    notes: [...globals.notes, ...notes],
  };
}

/** `docker version` has a command of ours; these have none. */
function isVersion([first, second]: readonly string[]): boolean {
  return first === 'buildx' && second === 'version';
}

function versionText({ name }: Program, { version }: TranslateOptions): string {
  return `Slipway version ${version}, in place of ${name}`;
}

interface Found {
  readonly command: ShimCommand;
  readonly words: readonly string[];
  readonly rest: readonly string[];
}

function findCommand({ commands }: Program, words: readonly string[]): Found | undefined {
  for (const length of [2, 1]) {
    const key = words.slice(0, length).join(' ');
    const command =
      words.length >= length && Object.hasOwn(commands, key) ? commands[key] : undefined;
    if (command) return { command, words: words.slice(0, length), rest: words.slice(length) };
  }
  return undefined;
}

async function translateCommand(
  { command, words, rest }: Found,
  program: Program,
  { commands, place }: TranslateOptions,
): Promise<Translation> {
  const ours = await commands.flagsOf(command.id);
  const name = [program.name, ...words].join(' ');
  const line = readLine(rest, { command: name, options: command.options(ours), ours });
  const { notes } = line;
  if (line.values.isOn('help'))
    return { kind: 'plan', plan: { lines: [['help', command.id]] }, notes };
  return { kind: 'plan', plan: command.plan(line, { ...place, command: name }), notes };
}

/** An image called rm: `tag rm` is a command of ours, which the others have not. */
function onlyTheirs(line: readonly string[]): readonly string[] {
  return line[0] === 'tag' && line[1] === 'rm' ? ['tag', '--', ...line.slice(1)] : line;
}

/** A command with no table, which is ours if we have one of that name. */
function asItIs(
  { name, missing, topic }: Program,
  words: readonly string[],
  { commands }: TranslateOptions,
): Translation {
  const [first = 'help', second = ''] = words;
  const line =
    topic === undefined || first === 'help' ? [first, ...words.slice(1)] : [topic, ...words];
  const hint = missing[`${first} ${second}`] ?? missing[first];
  if (hint !== undefined || !commands.knows(line)) {
    const isGroup = missing[first] === undefined && hint !== undefined;
    refuse(
      name,
      isGroup ? `${first} ${second}` : first,
      hint ?? "see 'slipway --help' for what is",
    );
  }
  return { kind: 'plan', plan: { lines: [onlyTheirs(line)] }, notes: [] };
}
