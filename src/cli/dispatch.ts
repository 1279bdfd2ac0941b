/**
 * From the command line to one command: global flags may come first (`slipway --root DIR images`),
 * the longest known words are the command, the rest is its own. Pure; main.ts acts on the answer.
 */
import { ALIASES } from './aliases.ts';
import { COMMANDS } from './command-table.ts';

export type Dispatch =
  | { readonly kind: 'command'; readonly id: string; readonly argv: readonly string[] }
  /** Help for a topic, or for everything. */
  | { readonly kind: 'help'; readonly words: readonly string[] }
  | { readonly kind: 'version' }
  | { readonly kind: 'unknown'; readonly word: string; readonly isFlag: boolean };

export function dispatch(argv: readonly string[]): Dispatch {
  const { globals, rest } = takeGlobals(argv);
  const [first] = rest;
  if (first === undefined || first === '--help' || first === '-h') {
    return { kind: 'help', words: [] };
  }
  if (first === '--version' || first === '-v') return { kind: 'version' };
  if (first === 'help') return { kind: 'help', words: rest.slice(1) };
  if (first.startsWith('-')) return { kind: 'unknown', word: first, isFlag: true };
  for (let count = Math.min(rest.length, WORDS_MAX); count > 0; count--) {
    const id = commandId(rest.slice(0, count).join(':'));
    if (id !== undefined) return { kind: 'command', id, argv: [...globals, ...rest.slice(count)] };
  }
  const topic = topicOf(rest);
  const next = rest[topic.length];
  if (topic.length > 0 && (next === undefined || next === '--help' || next === '-h')) {
    return { kind: 'help', words: topic };
  }
  return { kind: 'unknown', word: rest.slice(0, topic.length + 1).join(' '), isFlag: false };
}

/** `registry user add` */
const WORDS_MAX = 3;

function commandId(id: string): string | undefined {
  if (Object.hasOwn(COMMANDS, id)) return id;
  return Object.hasOwn(ALIASES, id) ? ALIASES[id] : undefined;
}

/** The first words that commands begin with, as many as there are: `image`, `registry user`. */
function topicOf(words: readonly string[]): readonly string[] {
  const ids = [...Object.keys(COMMANDS), ...Object.keys(ALIASES)];
  let count = 0;
  while (count < words.length) {
    const prefix = `${words.slice(0, count + 1).join(':')}:`;
    if (!ids.some((id) => id.startsWith(prefix))) break;
    count += 1;
  }
  return words.slice(0, count);
}

/** `--root X`, `--root=X`, `--debug`, `-D` before the command. */
function takeGlobals(argv: readonly string[]): {
  readonly globals: readonly string[];
  readonly rest: readonly string[];
} {
  let at = 0;
  for (;;) {
    const word = argv[at];
    if (word === '--root') at += 2;
    else if (word === '--debug' || word === '-D' || word?.startsWith('--root=')) at += 1;
    else break;
  }
  return { globals: argv.slice(0, at), rest: argv.slice(at) };
}
