/**
 * Build arguments: the global scope before the first FROM, the predefined platform and proxy
 * arguments, and ARG in a stage. What the user passed with --build-arg wins over every default.
 */
import { formatPlatform, type Platform } from '#core/platform.ts';
import type { ArgInstruction } from '#dockerfile/ast.ts';
import { withEntry } from './growing-map.ts';
import { withMetadataHistory } from './history.ts';
import type { Expand } from './instructions/metadata.ts';
import type { StageState } from './state.ts';

/** Names that reach RUN without a declaration and stay out of config, history and cache keys. */
const PROXY_NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
const PROXY_ARGS = new Set(PROXY_NAMES.flatMap((name) => [name, name.toLowerCase()]));

/** Passed on to whoever declares it; who does not has not forgotten it. */
export const EPOCH_ARG = 'SOURCE_DATE_EPOCH';

/** What the builder itself reads. */
const HOSTNAME_ARG = 'BUILDKIT_SANDBOX_HOSTNAME';
const CACHE_NAMESPACE_ARG = 'BUILDKIT_CACHE_MOUNT_NS';

export interface BuildArgs {
  /** --build-arg, as given. */
  readonly given: ReadonlyMap<string, string>;
  /** Global scope: predefined platform arguments and the ARGs before the first FROM. */
  readonly global: ReadonlyMap<string, string>;
}

/** The predefined arguments of the global scope (Dockerfile reference, "Automatic platform ARGs"). */
export function platformArgs(options: {
  readonly target: Platform;
  readonly build: Platform;
  readonly targetStage: string;
}): Map<string, string> {
  const { target, build, targetStage } = options;
  return new Map([
    ['BUILDPLATFORM', formatPlatform(build)],
    ['BUILDOS', build.os],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant ?? ''],
    ['TARGETPLATFORM', formatPlatform(target)],
    ['TARGETOS', target.os],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant ?? ''],
    ['TARGETSTAGE', targetStage],
  ]);
}

/** As docker does: a build whose times are clamped says so to the tools that it runs. */
export function withEpochArg(
  given: ReadonlyMap<string, string>,
  sourceDateEpoch: number | 'context' | undefined,
): ReadonlyMap<string, string> {
  if (sourceDateEpoch === undefined || given.has(EPOCH_ARG)) return given;
  return new Map([...given, [EPOCH_ARG, String(sourceDateEpoch)]]);
}

/** The host name of RUN, where one was asked for. */
export function sandboxHostname({ given }: BuildArgs): string | undefined {
  return given.get(HOSTNAME_ARG) || undefined;
}

/** Goes in front of the ids of cache mounts, so that builds that differ in it share none. */
export function cacheNamespace({ given }: BuildArgs): string | undefined {
  return given.get(CACHE_NAMESPACE_ARG) || undefined;
}

/** Adds the ARGs before the first FROM; each default may use those above it. */
export function globalScope(
  predefined: ReadonlyMap<string, string>,
  declarations: readonly ArgInstruction[],
  options: {
    readonly given: ReadonlyMap<string, string>;
    readonly expand: (env: ReadonlyMap<string, string>) => Expand;
  },
): BuildArgs {
  const { given } = options;
  const global = new Map([...predefined].map(([name, value]) => [name, given.get(name) ?? value]));
  for (const { args } of declarations) {
    for (const { name, value } of args) {
      const passed = given.get(name.text);
      if (passed !== undefined) global.set(name.text, passed);
      else if (value) global.set(name.text, options.expand(global)(value));
    }
  }
  return { given, global };
}

/** ARG inside a stage: --build-arg, else the default, else the global value; nothing when none has one. */
export function applyArg(
  state: StageState,
  instruction: ArgInstruction,
  context: {
    readonly build: BuildArgs;
    readonly expand: (env: ReadonlyMap<string, string>) => Expand;
  },
): StageState {
  let { env, args } = state;
  const shown: string[] = [];
  for (const { name, value } of instruction.args) {
    const byDefault = value ? context.expand(env)(value) : undefined;
    const effective =
      context.build.given.get(name.text) ?? byDefault ?? context.build.global.get(name.text);
    shown.push(effective === undefined ? name.text : `${name.text}=${effective}`);
    args = withEntry(args, name.text, effective ?? '');
    if (effective !== undefined) env = withEntry(env, name.text, effective);
  }
  return withMetadataHistory({ ...state, env, args }, `ARG ${shown.join(' ')}`);
}

/** Proxy arguments that RUN gets although nobody declared them. */
export function proxyEnv(build: BuildArgs): ReadonlyMap<string, string> {
  return new Map([...build.given].filter(([name]) => PROXY_ARGS.has(name)));
}

/** --build-arg names that no ARG of the Dockerfile declares and that are not predefined. */
export function unconsumedArgs(build: BuildArgs, declared: ReadonlySet<string>): readonly string[] {
  return [...build.given.keys()].filter(
    (name) =>
      !declared.has(name) &&
      !PROXY_ARGS.has(name) &&
      name !== EPOCH_ARG &&
      !name.startsWith('BUILDKIT_') &&
      !build.global.has(name),
  );
}
