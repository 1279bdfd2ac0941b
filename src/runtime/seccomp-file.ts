/**
 * System call filters that users bring along: docker's JSON format (one file for every architecture,
 * kernel and set of capabilities, from which the fitting rules are taken) and the runtime
 * specification's own, which is what remains of it.
 */
import { SlipwayError } from '#core/errors.ts';
import { type JsonValue, ObjectReader, parseJson } from '#core/json.ts';
import type { SeccompSpec } from '#core/runtime-spec.ts';

export interface SeccompFileOptions {
  /** For messages: the file. */
  readonly from: string;
  /** Node's word: `x64`, `arm64`. */
  readonly architecture: string;
  /** Of the kernel, as uname has it. */
  readonly release: string;
  /** Those that the container can have. */
  readonly capabilities: readonly string[];
}

/** docker's names of an architecture: in `archMap`, and in the conditions of rules. */
const ARCHITECTURES: Readonly<Record<string, { readonly map: string; readonly name: string }>> = {
  x64: { map: 'SCMP_ARCH_X86_64', name: 'amd64' },
  arm64: { map: 'SCMP_ARCH_AARCH64', name: 'arm64' },
};

/** @throws SECCOMP_PROFILE_INVALID with the place in the file; the launcher checks names and values */
export function parseSeccompFile(text: string, options: SeccompFileOptions): SeccompSpec {
  try {
    return readProfile(new ObjectReader(parseJson(text, options.from), options.from), options);
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    throw new SlipwayError('SECCOMP_PROFILE_INVALID', `seccomp profile ${error.message}`, {
      cause: error,
    });
  }
}

type Rule = NonNullable<SeccompSpec['syscalls']>[number];
type Action = SeccompSpec['defaultAction'];

function readProfile(profile: ObjectReader, options: SeccompFileOptions): SeccompSpec {
  const defaultErrnoRet = optionalSize(profile, 'defaultErrnoRet');
  const flags = profile.strings('flags');
  for (const key of ['listenerPath', 'listenerMetadata']) {
    if (profile.has(key)) profile.refuse(key, 'absent: listeners are not supported');
  }
  const rules = profile.objects('syscalls').filter((rule) => fits(rule, options));
  return {
    defaultAction: profile.string('defaultAction') as Action,
    ...(defaultErrnoRet === undefined ? {} : { defaultErrnoRet }),
    architectures: architectures(profile, options.architecture),
    ...(flags.length > 0 ? { flags } : {}),
    syscalls: rules.map(readRule),
  };
}

function architectures(profile: ObjectReader, architecture: string): readonly string[] {
  const listed = profile.strings('architectures');
  const maps = profile.objects('archMap');
  if (listed.length > 0 && maps.length > 0) {
    profile.refuse('archMap', 'absent beside architectures');
  }
  if (maps.length === 0) return listed;
  const own = ARCHITECTURES[architecture]?.map;
  const map = maps.find((one) => one.string('architecture') === own);
  return map ? [map.string('architecture'), ...map.strings('subArchitectures')] : [];
}

/** Every condition of `includes` holds, and none of `excludes`. */
function fits(rule: ObjectReader, options: SeccompFileOptions): boolean {
  const own = ARCHITECTURES[options.architecture]?.name ?? options.architecture;
  const { capabilities } = options;
  const includes = rule.optionalObject('includes');
  const excludes = rule.optionalObject('excludes');
  const wanted = includes?.strings('arches') ?? [];
  return (
    (wanted.length === 0 || wanted.includes(own)) &&
    (includes?.strings('caps') ?? []).every((name) => capabilities.includes(name)) &&
    (includes === undefined || isKernel(includes, options.release) !== false) &&
    !(excludes?.strings('arches') ?? []).includes(own) &&
    !(excludes?.strings('caps') ?? []).some((name) => capabilities.includes(name)) &&
    (excludes === undefined || isKernel(excludes, options.release) !== true)
  );
}

/** Whether the kernel is at least `minKernel`; undefined where the condition is absent. */
function isKernel(condition: ObjectReader, release: string): boolean | undefined {
  const text = condition.optionalString('minKernel');
  if (text === undefined || text === '') return undefined;
  const least = version(text) ?? condition.refuse('minKernel', 'a version such as 4.8');
  const own = version(release);
  if (own === undefined) return true;
  return own.major !== least.major ? own.major > least.major : own.minor >= least.minor;
}

function version(text: string): { readonly major: number; readonly minor: number } | undefined {
  const found = /^(\d+)\.(\d+)/.exec(text);
  return found ? { major: Number(found[1]), minor: Number(found[2]) } : undefined;
}

function readRule(rule: ObjectReader): Rule {
  const name = rule.optionalString('name');
  const names = rule.strings('names');
  if (name !== undefined && names.length > 0) rule.refuse('name', 'absent beside names');
  const errnoRet = optionalSize(rule, 'errnoRet');
  const args = rule.objects('args').map(readCondition);
  return {
    names: name === undefined ? names : [name],
    action: rule.string('action') as Action,
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args.length > 0 ? { args } : {}),
  };
}

function readCondition(condition: ObjectReader): NonNullable<Rule['args']>[number] {
  return {
    index: condition.size('index'),
    value: optionalSize(condition, 'value') ?? 0,
    valueTwo: optionalSize(condition, 'valueTwo') ?? 0,
    op: condition.string('op') as NonNullable<Rule['args']>[number]['op'],
  };
}

/** What JSON numbers cannot hold exactly would make another filter. */
function optionalSize(reader: ObjectReader, key: string): number | undefined {
  const value: JsonValue | undefined = reader.raw(key);
  return value === undefined || value === null ? undefined : reader.size(key);
}
