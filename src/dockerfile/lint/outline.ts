/**
 * `build --call=outline`: what may be passed to the build of one target: build arguments, secrets
 * and SSH agents of the stages it needs. From the file alone; nothing is fetched.
 */
import { SlipwayError } from '#core/errors.ts';
import type { Range, SourceFile } from '#core/source.ts';
import type { ArgInstruction, Instruction } from '../ast.ts';
import { mountOrigin } from '../mount-fields.ts';
import { stageNamed } from '../stages.ts';
import { suggest } from '../suggest.ts';
import { type EvaluatedStage, type Evaluation, evaluationOf } from './evaluation.ts';
import { type MountRequest, requestsOf } from './mount-requests.ts';
import type { LintSubject } from './rule.ts';
import { lineRanges } from './summary.ts';
import { descriptionOf } from './targets.ts';
import { formatTable } from './text-table.ts';

export interface Outline {
  readonly name?: string;
  readonly description?: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly MountRequest[];
  readonly ssh: readonly MountRequest[];
  readonly file: SourceFile;
}

export interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  /** The declaration. */
  readonly range: Range;
}

/** The outline of a target, by default the last stage. @throws TARGET_UNKNOWN */
export function outlineOf(subject: LintSubject, target?: string): Outline {
  const evaluation = evaluationOf(subject);
  const stage = findTarget(evaluation, target);
  const needed = stage === undefined ? [] : stagesNeeded(stage, evaluation);
  const name = stage?.stage.name;
  const description = stage && descriptionOf(name, stage.stage.from, subject.dockerfile);
  const collected = collect(needed, evaluation, subject);
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...collected,
    file: subject.dockerfile.file,
  };
}

function findTarget(
  { stages }: Evaluation,
  target: string | undefined,
): EvaluatedStage | undefined {
  if (target === undefined) return stages.at(-1);
  const found = stageNamed(
    stages.map(({ stage }) => stage),
    target,
  );
  const named = found && stages[found.index];
  if (named !== undefined) return named;
  const names = stages.flatMap(({ stage }) => stage.name ?? []);
  const near = suggest(target, names);
  throw new SlipwayError(
    'TARGET_UNKNOWN',
    `target stage ${JSON.stringify(target)} could not be found${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    { hint: `Known stages: ${names.join(', ')}.` },
  );
}

/** The target itself first, then its base, then what it copies and mounts from; each once. */
function stagesNeeded(target: EvaluatedStage, { stages }: Evaluation): EvaluatedStage[] {
  const all = stages.map(({ stage }) => stage);
  const needed = new Set<EvaluatedStage>();
  const pending = [target];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (needed.has(next)) continue;
    needed.add(next);
    const { index } = next.stage;
    const base = stageNamed(all, next.image.text, index);
    const sources = next.statements.flatMap(({ instruction }) => sourcesOf(instruction));
    const named = sources.map((name) =>
      /^\d+$/.test(name) ? all[Number(name)] : stageNamed(all, name, index),
    );
    const found = [base, ...named].flatMap((stage) => (stage && stages[stage.index]) ?? []);
    pending.push(...found.reverse());
  }
  return [...needed];
}

function sourcesOf(instruction: Instruction): readonly string[] {
  if (instruction.kind === 'copy')
    return instruction.from === undefined ? [] : [instruction.from.text];
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap(({ text }) => mountOrigin(text)?.text ?? []);
}

function collect(
  stages: readonly EvaluatedStage[],
  evaluation: Evaluation,
  subject: LintSubject,
): Pick<Outline, 'args' | 'secrets' | 'ssh'> {
  const args = new Map<string, OutlineArg>();
  const secrets = new Map<string, MountRequest>();
  const ssh = new Map<string, MountRequest>();
  for (const stage of stages) {
    for (const arg of argsOf(stage, evaluation, subject)) {
      if (!args.has(arg.name)) args.set(arg.name, arg);
    }
    for (const request of stage.statements.flatMap(requestsOf)) {
      const known = request.type === 'secret' ? secrets : ssh;
      if (!known.has(request.id)) known.set(request.id, request);
    }
  }
  return { args: sorted(args), secrets: sorted(secrets), ssh: sorted(ssh) };
}

function sorted<T extends { readonly range: Range }>(entries: ReadonlyMap<string, T>): T[] {
  return [...entries.values()].sort((left, right) => left.range.start - right.range.start);
}

/** What a stage's FROM refers to, with what that refers to; then the ARGs of the stage. */
function argsOf(
  stage: EvaluatedStage,
  { globalArgs, globalScope }: Evaluation,
  subject: LintSubject,
): readonly OutlineArg[] {
  const used = new Set<string>();
  const use = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    for (const other of globalArgs.get(name)?.uses ?? []) use(other);
  };
  for (const name of [...stage.image.matched, ...(stage.platform?.matched ?? [])]) use(name);
  const own = new Map<string, OutlineArg>();
  for (const { instruction, words, trigger } of stage.statements) {
    if (instruction.kind !== 'arg') continue;
    const range = trigger ?? instruction.range;
    for (const { name, value } of instruction.args) {
      use(name.text);
      const passed = subject.buildArgs.get(name.text);
      const isInherited = passed === undefined && value === undefined;
      if (isInherited && (globalArgs.has(name.text) || globalScope.has(name.text))) continue;
      const result = passed ?? words.find(({ operand }) => operand === value)?.text;
      own.set(
        name.text,
        outlineArg({ name: name.text, value: result, instruction, range }, subject),
      );
    }
  }
  return [...used].flatMap((name) => {
    const found = own.get(name);
    if (found !== undefined) return [found];
    const global = globalArgs.get(name);
    if (global === undefined) return [];
    const { value, instruction } = global;
    return [outlineArg({ name, value, instruction, range: instruction.range }, subject)];
  });
}

function outlineArg(
  arg: {
    readonly name: string;
    readonly value: string | undefined;
    readonly instruction: ArgInstruction;
    readonly range: Range;
  },
  { dockerfile }: LintSubject,
): OutlineArg {
  const { name, value, instruction, range } = arg;
  const description = descriptionOf(name, instruction, dockerfile);
  return {
    name,
    ...(description !== undefined && { description }),
    ...(value !== undefined && value !== '' && { value }),
    range,
  };
}

export function formatOutline(outline: Outline): string {
  const { name, description, args, secrets, ssh } = outline;
  const parts: string[] = [];
  if (name !== undefined || description !== undefined) {
    const rows = [['TARGET:', name ?? '(default)']];
    if (description !== undefined) rows.push(['DESCRIPTION:', description]);
    parts.push(formatTable(rows, 1));
  }
  if (args.length > 0) {
    const rows = args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']);
    parts.push(formatTable([['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...rows], 3));
  }
  for (const [title, requests] of [
    ['SECRET', secrets],
    ['SSH', ssh],
  ] as const) {
    if (requests.length === 0) continue;
    const rows = requests.map(({ id, isRequired }) => [id, isRequired ? 'true' : '']);
    parts.push(formatTable([[title, 'REQUIRED'], ...rows], 3));
  }
  return parts.map((part) => `${part}\n`).join('');
}

/** The document of `--call=outline,format=json`. */
export function outlineDocument(outline: Outline) {
  const { name, description, args, secrets, ssh, file } = outline;
  const located = (range: Range) => ({ location: { ranges: lineRanges(range, file) } });
  const requests = (list: readonly MountRequest[]) =>
    list.map(({ id, isRequired, range }) => ({
      name: id,
      ...(isRequired && { required: true }),
      ...located(range),
    }));
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(args.length > 0 && {
      args: args.map(({ range, ...arg }) => ({ ...arg, ...located(range) })),
    }),
    ...(secrets.length > 0 && { secrets: requests(secrets) }),
    ...(ssh.length > 0 && { ssh: requests(ssh) }),
    sources: [Buffer.from(file.text).toString('base64')],
  };
}
