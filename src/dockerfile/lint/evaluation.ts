/**
 * Every word of a Dockerfile expanded as a build would do it, with the names that were not set:
 * what the rules about variables, ports and paths look at. Computed once for a subject. Nothing is
 * refused here: a word that cannot be expanded stays as written.
 */
import { posix } from 'node:path';
import { isSlipwayError } from '#core/errors.ts';
import { type Platform, parsePlatform } from '#core/platform.ts';
import type { Range } from '#core/source.ts';
import type { ArgInstruction, Instruction, Operand } from '../ast.ts';
import { operandsOf } from '../operands.ts';
import type { Stage } from '../stages.ts';
import type { ExpandOptions } from '../words.ts';
import { BASE_NAMES } from './base-names.ts';
import {
  type Budget,
  type ExpandedWord,
  expandedWord,
  expandText,
  MAX_COMPARISONS,
  optionsOf,
  unsetName,
} from './expanded-word.ts';
import {
  type GlobalArg,
  type Globals,
  globalsOf,
  platformsOf,
  predefinedArgs,
} from './global-scope.ts';
import type { BaseImage, LintSubject } from './rule.ts';

export interface Statement {
  readonly instruction: Instruction;
  /** The words docker expands, in order; ENV and LABEL: name, value, name, value. */
  readonly words: readonly ExpandedWord[];
  /** SHELL was given before, here or in the base. */
  readonly hasShell: boolean;
  /** WORKDIR was given before in this file. */
  readonly hasWorkdir: boolean;
  /** The working directory in force; undefined: the base's, which is not known. */
  readonly workdir: string | undefined;
  /** The base's config is known, and so is every name it sets. */
  readonly isComplete: boolean;
  /**
   * Set for an ONBUILD trigger of the base stage: where to report what is wrong with it, its own
   * ranges being none of this file.
   */
  readonly trigger?: Range;
}

export interface EvaluatedStage {
  readonly stage: Stage;
  readonly image: ExpandedWord;
  /** The base as it would be without any --build-arg; undefined if that cannot be expanded. */
  readonly defaultImage: string | undefined;
  readonly platform?: ExpandedWord;
  /** What is known of a base that is no stage. */
  readonly base?: BaseImage;
  /** What --platform names; undefined without the flag, and for what is no platform. */
  readonly namedPlatform?: Platform;
  readonly wantedPlatform: Platform;
  /** The base stage's triggers first. */
  readonly statements: readonly Statement[];
}

export interface Evaluation {
  readonly globalScope: ReadonlyMap<string, string>;
  /** By name, the last declaration of each. */
  readonly globalArgs: ReadonlyMap<string, GlobalArg>;
  /** Their defaults that cannot be expanded: with --build-arg, and without any. */
  readonly globalFailures: readonly ExpandedWord[];
  readonly hasSoundDefaults: boolean;
  readonly stages: readonly EvaluatedStage[];
}

const evaluations = new WeakMap<LintSubject, Evaluation>();

export function evaluationOf(subject: LintSubject): Evaluation {
  const known = evaluations.get(subject);
  if (known !== undefined) return known;
  const evaluation = evaluate(subject);
  evaluations.set(subject, evaluation);
  return evaluation;
}

/** What a stage hands on to those built upon it. */
interface Scope {
  readonly env: Map<string, string>;
  /** ARG names, with a value or not. */
  readonly declared: Set<string>;
  /** The base's config is known, and so is every name it sets. */
  readonly isComplete: boolean;
  hasShell: boolean;
  hasWorkdir: boolean;
  /** Absolute. */
  workdir: string | undefined;
  /** What it leaves to the stages built upon it. */
  readonly triggers: Instruction[];
}

function evaluate(subject: LintSubject): Evaluation {
  const predefined = predefinedArgs(subject);
  const { buildArgs } = subject;
  const defaults = globalsOf(subject, { predefined, buildArgs: new Map() });
  const globals = globalsOf(subject, { predefined, buildArgs });
  const known = new Set([...globals.args.keys(), ...globals.scope.keys()]);
  const budget = { comparisons: MAX_COMPARISONS };
  const froms = subject.stages.stages.map((stage) =>
    evaluateFrom(stage, { subject, scope: globals, known, defaults: defaults.scope, budget }),
  );
  const parents = parentsOf(froms);
  const lastChild = new Map(parents.map((parent, index) => [parent, index]));
  const scopes: Scope[] = [];
  const around = { subject, globals: globals.scope, budget, triggers: triggersOf(subject) };
  const stages = froms.map((from, index) => {
    const parent = parents[index];
    const inherited = parent === undefined ? undefined : scopes[parent];
    // The last stage built upon another takes its variables over: long chains copy nothing.
    const isLast = parent !== undefined && lastChild.get(parent) === index;
    const scope = startScope(inherited, from.base, isLast);
    scopes.push(scope);
    const left = inherited?.triggers ?? from.base?.onbuild ?? [];
    const triggers = left.map((instruction) => ({
      ...evaluateStatement(instruction, { ...around, scope }),
      trigger: from.stage.from.range,
    }));
    const own = from.stage.instructions.map((instruction) =>
      evaluateStatement(instruction, { ...around, scope }),
    );
    const { base, ...rest } = from;
    const isKnown = inherited === undefined && base !== undefined;
    return { ...rest, ...(isKnown && { base }), statements: [...triggers, ...own] };
  });
  return {
    globalScope: globals.scope,
    globalArgs: globals.args,
    globalFailures: globals.failures,
    hasSoundDefaults: defaults.failures.length === 0,
    stages,
  };
}

/** For each stage, the index of the earlier one that it is built upon. */
function parentsOf(
  froms: readonly Pick<EvaluatedStage, 'stage' | 'image'>[],
): readonly (number | undefined)[] {
  const byName = new Map<string, number>();
  return froms.map(({ stage, image }, index) => {
    // In capitals it is refused, and still what was meant: no image is named so.
    const parent = byName.get(image.text.toLowerCase());
    if (stage.name !== undefined) byName.set(stage.name, index);
    return parent;
  });
}

function evaluateFrom(
  stage: Stage,
  given: {
    readonly subject: LintSubject;
    readonly scope: Globals;
    /** Names that FROM may use. */
    readonly known: ReadonlySet<string>;
    readonly defaults: ReadonlyMap<string, string>;
    readonly budget: Budget;
  },
): Omit<EvaluatedStage, 'statements' | 'base'> & { base: BaseImage | undefined } {
  const { subject } = given;
  const { scope } = given.scope;
  const { known, budget } = given;
  const byDefault = expandText(stage.base.text, { ...optionsOf(subject), env: given.defaults });
  const inFrom = (operand: Operand): ExpandedWord =>
    expandedWord(operand, { ...optionsOf(subject), env: scope }, (name) => {
      if (known.has(name)) return undefined;
      return unsetName(name, known, budget);
    });
  const image = inFrom(stage.base);
  const platform = stage.platform && inFrom(stage.platform);
  const { target, build } = platformsOf(subject);
  const namedPlatform = platformIn(platform?.text, build);
  const wantedPlatform = namedPlatform ?? target;
  return {
    stage,
    image,
    defaultImage: 'kind' in byDefault ? undefined : byDefault.text,
    ...(platform && { platform }),
    ...(namedPlatform && { namedPlatform }),
    wantedPlatform,
    base:
      image.text === 'scratch'
        ? { platform: wantedPlatform, env: [], workdir: '/', hasShell: false, onbuild: [] }
        : subject.baseImage?.({ image: image.text, platform: wantedPlatform }),
  };
}

function platformIn(text: string | undefined, host: Platform): Platform | undefined {
  if (text === undefined) return undefined;
  try {
    return parsePlatform(text, host);
  } catch (error) {
    if (!isSlipwayError(error, 'PLATFORM_INVALID')) throw error;
    return undefined;
  }
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function startScope(
  inherited: Scope | undefined,
  base: BaseImage | undefined,
  takesOver: boolean,
): Scope {
  if (inherited !== undefined) {
    if (takesOver) return { ...inherited, triggers: [] };
    const { env, declared } = inherited;
    return { ...inherited, env: new Map(env), declared: new Set(declared), triggers: [] };
  }
  const env = new Map([['PATH', DEFAULT_PATH]]);
  for (const entry of base?.env ?? []) {
    const equals = entry.indexOf('=');
    if (equals > 0) env.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return {
    env,
    declared: new Set(),
    isComplete: base !== undefined,
    hasShell: base?.hasShell ?? false,
    hasWorkdir: false,
    workdir: base && posix.resolve('/', base.workdir),
    triggers: [],
  };
}

interface Surroundings {
  readonly scope: Scope;
  readonly subject: LintSubject;
  readonly globals: ReadonlyMap<string, string>;
  readonly budget: Budget;
  /** What each ONBUILD of the file holds. */
  readonly triggers: ReadonlyMap<Instruction, readonly Instruction[]>;
}

function triggersOf({
  dockerfile: { instructions, triggers },
}: LintSubject): ReadonlyMap<Instruction, readonly Instruction[]> {
  const onbuilds = instructions.filter(({ kind }) => kind === 'onbuild');
  return new Map(onbuilds.map((instruction, index) => [instruction, triggers[index] ?? []]));
}

/** Expands one instruction, and does to the scope what it does. */
function evaluateStatement(instruction: Instruction, around: Surroundings): Statement {
  const { scope } = around;
  const { hasShell, hasWorkdir, workdir, isComplete } = scope;
  const words =
    instruction.kind === 'arg'
      ? declareArgs(instruction, around)
      : operandsOf(instruction).map(({ operand, ...how }) => inStage(operand, around, how));
  if (instruction.kind === 'env') {
    for (let index = 0; index + 1 < words.length; index += 2) {
      scope.env.set(words[index]?.text ?? '', words[index + 1]?.text ?? '');
    }
  } else if (instruction.kind === 'shell') scope.hasShell = true;
  else if (instruction.kind === 'workdir') {
    scope.hasWorkdir = true;
    scope.workdir = changedFolder(workdir, words[0]?.text ?? '');
  } else if (instruction.kind === 'onbuild') {
    scope.triggers.push(...(around.triggers.get(instruction) ?? []));
  }
  return { instruction, words, hasShell, hasWorkdir, workdir, isComplete };
}

function changedFolder(from: string | undefined, path: string): string | undefined {
  if (path.startsWith('/')) return posix.resolve(path);
  return from === undefined ? undefined : posix.resolve(from, path);
}

/** The values of ARG; each may use those before it. */
function declareArgs(instruction: ArgInstruction, around: Surroundings): ExpandedWord[] {
  const { scope, subject, globals } = around;
  const words: ExpandedWord[] = [];
  for (const { name, value } of instruction.args) {
    const passed = subject.buildArgs.get(name.text);
    if (passed !== undefined) {
      scope.env.set(name.text, passed);
    } else if (value === undefined) {
      const inherited = globals.get(name.text);
      if (inherited !== undefined) scope.env.set(name.text, inherited);
    } else {
      const word = inStage(value, around);
      words.push(word);
      scope.env.set(name.text, word.text);
    }
    scope.declared.add(name.text);
  }
  return words;
}

function inStage(
  operand: Operand,
  { scope, subject, budget }: Surroundings,
  how: Partial<ExpandOptions> = {},
): ExpandedWord {
  const options = { ...optionsOf(subject), ...how, env: scope.env };
  return expandedWord(operand, options, (name) => {
    const isKnown = scope.declared.has(name) || (!scope.isComplete && BASE_NAMES.has(name));
    return isKnown ? undefined : unsetName(name, scope.env, budget);
  });
}
