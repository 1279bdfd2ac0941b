/**
 * Instructions, or parts of them, out of operands and flags that the grammar has read: the fields
 * that are absent unless given, heredocs apart from paths, and complaints that need several parts.
 */
import type { Instruction, Operand } from './ast.ts';
import type { Flags } from './flags.ts';
import type { InstructionContext, Piece } from './instruction-context.ts';
import { tryExpand } from './words.ts';

/** Operands of ADD, COPY and VOLUME; among words heredocs may stand. */
export type PathList = readonly { readonly operand: Operand; readonly heredoc?: Piece }[];

export type InstructionBase = ReturnType<InstructionContext['base']>;

/** `written`: what stands behind SHELL, shown in the form it should have. */
export function shellNotJson(written: string) {
  const words = written.split(/\s+/).map((word) => JSON.stringify(word));
  return {
    code: 'ShellNotJson',
    text: 'SHELL requires the arguments to be in JSON form',
    hint: written.startsWith('[')
      ? 'Put every word in double quotes, commas between them, and double each backslash.'
      : `Write SHELL [${words.join(', ')}].`,
  };
}

/** Docker takes any flag on ARG and STOPSIGNAL, and does nothing with it. */
export function warnIgnored(flagWords: readonly Piece[], context: InstructionContext): void {
  for (const word of flagWords) {
    context.warn({
      code: 'FlagIgnored',
      message: `${word.image} has no effect here`,
      range: context.operand(word).range,
      hint: 'Remove it.',
    });
  }
}

export function refuseHeredocDestination(
  kind: string,
  destination: PathList[number],
  context: InstructionContext,
): void {
  if (destination.heredoc === undefined) return;
  context.report({
    code: 'HeredocDestination',
    text: `${kind.toUpperCase()} cannot accept a heredoc as a destination`,
    range: destination.operand.range,
    hint: 'Put the path to write last.',
  });
}

/** Docker splits COPY at blanks, also where a shell sees one heredoc: `<<'a b'`, `<< EOF`. */
export function refuseSplitHeredocs(
  kind: string,
  list: PathList,
  context: InstructionContext,
): void {
  for (const { operand, heredoc } of list) {
    if (heredoc === undefined) continue;
    const [first = '', ...rest] = heredoc.image.split(/\s+/);
    if (rest.length === 0) continue;
    const failure = [first, ...rest]
      .map((part) => tryExpand(part, { env: new Map() }))
      .find((expansion) => 'kind' in expansion);
    context.report({
      code: 'HeredocSplit',
      text: failure?.message ?? `${kind.toUpperCase()} finds no file ${first}`,
      isSyntax: true,
      range: operand.range,
      reason: `${kind.toUpperCase()} ends words at blanks, so this is no heredoc.`,
      hint: 'Use a delimiter without blanks, right behind <<.',
    });
  }
}

export function fileOperands(list: PathList, context: InstructionContext) {
  const sources = list.slice(0, -1);
  return {
    sources: sources.filter(({ heredoc }) => !heredoc).map(({ operand }) => operand),
    heredocs: context.heredocs(sources.flatMap(({ heredoc }) => heredoc ?? [])),
  };
}

/** What COPY and ADD have in common. */
export function ownership(given: Flags) {
  const chown = given.text('chown');
  const chmod = given.text('chmod');
  return {
    ...(chown && { chown }),
    ...(chmod && { chmod }),
    link: given.boolean('link') ?? false,
    exclude: given.list('exclude'),
  };
}

type FileBase = InstructionBase &
  ReturnType<typeof fileOperands> &
  ReturnType<typeof ownership> & { readonly destination: Operand };

export function copyOf(base: FileBase, given: Flags): Instruction {
  const from = given.text('from');
  return {
    kind: 'copy',
    ...base,
    ...(from && { from }),
    parents: given.boolean('parents') ?? false,
  };
}

export function addOf(base: FileBase, given: Flags): Instruction {
  const checksum = given.text('checksum');
  const unpack = given.boolean('unpack');
  return {
    kind: 'add',
    ...base,
    ...(checksum && { checksum }),
    keepGitDir: given.boolean('keep-git-dir') ?? false,
    ...(unpack !== undefined && { unpack }),
  };
}

export function healthTimes(given: Flags) {
  const interval = given.text('interval');
  const timeout = given.text('timeout');
  const startPeriod = given.text('start-period');
  const startInterval = given.text('start-interval');
  const retries = given.text('retries');
  return {
    ...(interval && { interval }),
    ...(timeout && { timeout }),
    ...(startPeriod && { startPeriod }),
    ...(startInterval && { startInterval }),
    ...(retries && { retries }),
  };
}
