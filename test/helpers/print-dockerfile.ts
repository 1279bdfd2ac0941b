/**
 * A Dockerfile out of its tree: the other way round than the parser, for properties. It prints one
 * of the ways to write an instruction; what cannot be written at all it is not asked for.
 */
import type { CommandLine, Directives, Heredoc, Instruction, Operand } from '#dockerfile/ast.ts';
import { isJsonArray, parseHeredocStart } from '#dockerfile/scan.ts';

/** A tree without places, and without what is derived from them. */
export type Bare<T> = T extends readonly (infer E)[]
  ? readonly Bare<E>[]
  : T extends object
    ? { readonly [K in keyof T as Exclude<K, 'range' | 'keyword' | 'source'>]: Bare<T[K]> }
    : T;

export type BareInstruction = Bare<Instruction>;
type Word = Bare<Operand>;

const DERIVED: ReadonlySet<string> = new Set(['range', 'keyword', 'source']);

/** What is left of an instruction to compare with. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !DERIVED.has(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, bare(one)]));
}

/** The file, its directive included where the escape character needs one. */
export function printDockerfile(
  instructions: readonly BareInstruction[],
  escapeCharacter: Directives['escape'],
): string {
  const directive = escapeCharacter === '`' ? '# escape=`\n' : '';
  return directive + instructions.map((one) => `${printInstruction(one)}\n`).join('');
}

/** The line, and the heredoc bodies below it; no newline at the end. */
export function printInstruction(instruction: BareInstruction): string {
  const line = [instruction.kind.toUpperCase(), ...flagsOf(instruction), operands(instruction)]
    .filter((part) => part !== '')
    .join(' ');
  const heredocs = 'heredocs' in instruction ? instruction.heredocs : [];
  return [line, ...heredocs.map(body)].join('\n');
}

/** Blanks of a line become continuations with a comment in between; the meaning stays. */
export function foldLine(line: string, escapeCharacter: Directives['escape']): string {
  return line.replace(/(?<=\S) (?=[^\s#])/g, ` ${escapeCharacter}\n  # between\n`);
}

export function heredocStart({ descriptor, chomp, literal, name }: Bare<Heredoc>): string {
  return `${descriptor || ''}<<${chomp ? '-' : ''}${literal ? `'${name}'` : name}`;
}

function body({ content, chomp, name }: Bare<Heredoc>): string {
  return `${chomp ? content.replace(/^(?=.)/gm, '\t') : content}${name}`;
}

function flagsOf(one: BareInstruction): readonly string[] {
  switch (one.kind) {
    case 'from':
      return flag('platform', one.platform);
    case 'run':
      return [
        ...flag('mount', ...one.mounts),
        ...flag('network', one.network),
        ...flag('security', one.security),
        ...flag('device', ...one.device),
      ];
    case 'copy':
      return [...flag('from', one.from), ...toggle('parents', one.parents), ...fileFlags(one)];
    case 'add':
      return [
        ...flag('checksum', one.checksum),
        ...toggle('keep-git-dir', one.keepGitDir),
        ...(one.unpack === undefined ? [] : [`--unpack=${one.unpack}`]),
        ...fileFlags(one),
      ];
    case 'healthcheck':
      return [
        ...flag('interval', one.interval),
        ...flag('timeout', one.timeout),
        ...flag('start-period', one.startPeriod),
        ...flag('start-interval', one.startInterval),
        ...flag('retries', one.retries),
      ];
    default:
      return [];
  }
}

function fileFlags(one: Extract<BareInstruction, { kind: 'copy' | 'add' }>): readonly string[] {
  return [
    ...flag('chown', one.chown),
    ...flag('chmod', one.chmod),
    ...toggle('link', one.link),
    ...flag('exclude', ...one.exclude),
  ];
}

function toggle(name: string, isOn: boolean): readonly string[] {
  return isOn ? [`--${name}`] : [];
}

/** What would end the word or vanish from it is protected by a backslash, whatever the escape. */
function flag(name: string, ...values: readonly (Word | undefined)[]): readonly string[] {
  return values
    .filter((value) => value !== undefined)
    .map(({ text }) => `--${name}=${text.replace(/[\s'"\\]/g, '\\$&')}`);
}

function operands(one: BareInstruction): string {
  switch (one.kind) {
    case 'from':
      return afterFlags(one.image.text + (one.name ? ` AS ${one.name.text}` : ''));
    case 'arg':
      return afterFlags(one.args.map(({ name, value }) => pair(name, value)).join(' '));
    case 'env':
    case 'label':
      return afterFlags(
        one.pairs
          .map(({ key, value }) => (one.legacy ? `${key.text} ${value.text}` : pair(key, value)))
          .join(' '),
      );
    case 'maintainer':
      return afterFlags(one.author.text);
    case 'run':
    case 'cmd':
    case 'entrypoint':
      return command(one.command);
    case 'copy':
    case 'add':
      return paths([...one.sources, one.destination], one.heredocs);
    case 'workdir':
      return afterFlags(one.path.text);
    case 'user':
      return afterFlags(one.user.text);
    case 'expose':
      return afterFlags(one.ports.map(({ text }) => text).join(' '));
    case 'volume':
      return paths(one.paths, []);
    case 'onbuild':
      return one.trigger.text;
    case 'stopsignal':
      return afterFlags(one.signal.text);
    case 'shell':
      return json(one.args);
    case 'healthcheck':
      return healthOperands(one.command);
  }
}

/** A text that looks like a flag needs the mark that ends them; so does an empty one behind some. */
function afterFlags(text: string): string {
  return text === '' || text.startsWith('--') ? `-- ${text}`.trimEnd() : text;
}

function pair(key: Word, value: Word | undefined): string {
  return value === undefined ? key.text : `${key.text}=${value.text}`;
}

function command(line: Bare<CommandLine>): string {
  return line.form === 'exec' ? json(line.args) : afterFlags(line.text.text);
}

/** Behind CMD there are no flags any more. */
function healthOperands(line: Bare<CommandLine> | undefined): string {
  if (line === undefined) return 'NONE';
  return `CMD ${line.form === 'exec' ? json(line.args) : line.text.text}`;
}

/** As words where they can be; heredocs stand in front of the other sources. */
function paths(words: readonly Word[], heredocs: readonly Bare<Heredoc>[]): string {
  const texts = words.map(({ text }) => text);
  const joined = [...heredocs.map(heredocStart), ...texts].join(' ');
  const needsJson =
    texts.some((text) => text === '' || /\s/.test(text) || parseHeredocStart(text) !== undefined) ||
    isJsonArray(joined) ||
    /[\\`]$/.test(joined);
  return needsJson && heredocs.length === 0 ? json(words) : afterFlags(joined);
}

function json(words: readonly Word[]): string {
  return JSON.stringify(words.map(({ text }) => text));
}
