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
  const [first, second] = rest;
  if (first === undefined || first === '--help' || first === '-h') {
    return { kind: 'help', words: [] };
  }
  if (first === '--version' || first === '-v') return { kind: 'version' };
  if (first === 'help') return { kind: 'help', words: rest.slice(1) };
  if (first.startsWith('-')) return { kind: 'unknown', word: first, isFlag: true };
  const two = second === undefined ? undefined : commandId(`${first}:${second}`);
  if (two !== undefined) return { kind: 'command', id: two, argv: [...globals, ...rest.slice(2)] };
  const one = commandId(first);
  if (one !== undefined) return { kind: 'command', id: one, argv: [...globals, ...rest.slice(1)] };
  if (isTopic(first) && (second === undefined || second === '--help')) {
    return { kind: 'help', words: [first] };
  }
  return { kind: 'unknown', word: isTopic(first) ? `${first} ${second}` : first, isFlag: false };
}

function commandId(id: string): string | undefined {
  if (Object.hasOwn(COMMANDS, id)) return id;
  return Object.hasOwn(ALIASES, id) ? ALIASES[id] : undefined;
}

/** The first word of commands of two: `image`, `system`. */
function isTopic(word: string): boolean {
  const ids = [...Object.keys(COMMANDS), ...Object.keys(ALIASES)];
  return ids.some((id) => id.startsWith(`${word}:`));
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
