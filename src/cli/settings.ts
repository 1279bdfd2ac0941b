/**
 * Everything the environment decides, resolved once, each value with its origin. The only reader
 * of process.env in the project; what runs below receives values. Flags win over SLIPWAY_*
 * variables, those over the defaults.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseByteSize } from '#core/byte-size.ts';
import { SlipwayError } from '#core/errors.ts';
import { parseUserNamespace, USER_NAMESPACE_VARIABLE } from '#core/user-namespace.ts';
import type { Settings } from '#engine.ts';
import { packageRoot } from './package-root.ts';
import { credentialSettings, registrySettings } from './registry-environment.ts';
import { retryIn } from './retry-flags.ts';
import { readStoreConfig, storeSettings } from './store-config.ts';

/** Where a value came from: `default`, a variable's name, or a flag such as `--root`. */
export type Origin = string;

export interface CliSettings {
  readonly engine: Settings;
  /** How `build` shows its progress unless a flag says. */
  readonly progress: ProgressMode;
  /** Cursor movement is wanted where the stream is a terminal. */
  readonly redraw: boolean;
  /** Colours are wanted where something is redrawn. */
  readonly colour: boolean;
  /** Clamps the times of what is built; seconds. */
  /** `context`: of what is built. */
  readonly sourceDateEpoch: number | 'context' | undefined;
  /** What is traced to stderr: `http` for requests to registries. */
  readonly debug: readonly string[];
  /** Origin of each value above by name, the engine's as `engine.root`. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** A variable of the caller, for `-e NAME` and `--build-arg NAME` without a value. */
  readonly variable: (name: string) => string | undefined;
}

/** `tty`: the terminal's display, also where `auto` would not choose it. */
export const PROGRESS_MODES = ['auto', 'tty', 'plain', 'quiet', 'rawjson'] as const;

export type ProgressMode = (typeof PROGRESS_MODES)[number];

export interface SettingsInput {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The text of a store's config.json; undefined where it has none. */
  readonly storeConfig?: (path: string) => string | undefined;
  /** The user is root. */
  readonly isRoot: boolean;
  /** Value of `--root`. */
  readonly root?: string | undefined;
  /** Value of `--isolation`. */
  readonly isolation?: string | undefined;
  /** Value of `--cache-max`. */
  readonly 'cache-max'?: string | undefined;
  /** Value of `--runtime`. */
  readonly runtime?: string | undefined;
  /** A file with credentials in place of docker's configuration. */
  readonly credentialsFile?: string | undefined;
  /** In place of the variable SOURCE_DATE_EPOCH. */
  readonly sourceDateEpoch?: string | undefined;
  /** Values of `--retry` and `--retry-delay`. */
  readonly retry?: string | undefined;
  readonly 'retry-delay'?: string | undefined;
  /** Values of `--plain-http` and `--tls-verify`. */
  readonly 'plain-http'?: string | undefined;
  readonly 'tls-verify'?: boolean | undefined;
}

/** Flags that decide what the environment decides otherwise. */
export type SettingsFlags = Omit<SettingsInput, 'environment' | 'isRoot' | 'storeConfig'>;

/**
 * Our environment for ourselves in a user namespace. Who is root there keeps the store of whoever
 * entered it.
 */
export function environmentInside(settings: CliSettings): NodeJS.ProcessEnv {
  return { ...process.env, SLIPWAY_ROOT: settings.engine.root };
}

/** Names the launcher that comes with us, over a variable that says otherwise. */
const OWN_RUNTIME = 'slipway';

/** The settings of this process. @throws USAGE for a variable with a value that makes no sense */
export function processSettings(flags: SettingsFlags): CliSettings {
  return resolveSettings({
    environment: process.env,
    isRoot: process.getuid?.() === 0,
    storeConfig: readStoreConfig,
    ...flags,
  });
}

/** Pure apart from asking for the home folder. @throws USAGE */
export function resolveSettings(input: SettingsInput): CliSettings {
  const origins: Record<string, Origin> = {};
  /** The first candidate that is set. An empty variable counts as not set. */
  const pick = (name: string, candidates: readonly (readonly [Origin, string | undefined])[]) => {
    const found = candidates.find(([, value]) => value !== undefined && value !== '');
    origins[name] = found?.[0] ?? 'default';
    return found?.[1];
  };
  const variable = (name: string): string | undefined => input.environment[name];
  const read = (name: string): readonly [Origin, string | undefined] => [name, variable(name)];

  const home = variable('HOME') || homedir();
  const data = variable('XDG_DATA_HOME') || join(home, '.local/share');
  const userNamespace = parseUserNamespace(variable(USER_NAMESPACE_VARIABLE) ?? '');
  const standardRoot = input.isRoot ? '/var/lib/slipway' : join(data, 'slipway');
  const root = pick('engine.root', [['--root', input.root], read('SLIPWAY_ROOT')]) ?? standardRoot;
  const helper =
    pick('engine.helper', [read('SLIPWAY_HELPER')]) ??
    join(packageRoot(), 'native/build/slipway-native');
  const snapshotter = pick('engine.snapshotter', [read('SLIPWAY_SNAPSHOTTER')]) ?? 'auto';
  const isolation =
    pick('engine.isolation', [['--isolation', input.isolation], read('SLIPWAY_ISOLATION')]) ??
    'auto';
  const runtime = pick('engine.runtime', [['--runtime', input.runtime], read('SLIPWAY_RUNTIME')]);
  const transfers = pick('engine.parallelTransfers', [read('SLIPWAY_PARALLEL_TRANSFERS')]);
  const configFile = join(resolve(root), 'config.json');
  const stored = storeSettings(configFile, input.storeConfig?.(configFile));
  const cacheMax = pick('engine.cacheMaxBytes', [
    ['--cache-max', input['cache-max']],
    read('SLIPWAY_CACHE_MAX'),
    [configFile, stored.cacheMax],
  ]);
  const progress = pick('progress', [read('BUILDKIT_PROGRESS')]) ?? 'auto';
  const epoch = pick('sourceDateEpoch', [
    ['--timestamp', input.sourceDateEpoch],
    read('SOURCE_DATE_EPOCH'),
  ]);
  const dockerConfig =
    pick('engine.credentialsFile', [read('DOCKER_CONFIG')]) ?? join(home, '.docker');
  const retry = retryIn(input);
  const registries = {
    variable,
    home,
    plainHttp: input['plain-http'],
    tlsVerify: input['tls-verify'],
  };
  const debug = pick('debug', [read('SLIPWAY_DEBUG')]) ?? '';
  const noRedraw = pick('redraw', [
    read('CI'),
    ['TERM', variable('TERM') === 'dumb' ? 'dumb' : undefined],
  ]);
  const noColour = pick('colour', [read('NO_COLOR')]);
  return {
    engine: {
      root: resolve(root),
      helper: resolve(helper),
      credentialsFile: resolve(input.credentialsFile ?? join(dockerConfig, 'config.json')),
      credentials:
        input.credentialsFile === undefined ? credentialSettings(registries) : { moreFiles: [] },
      registries: registrySettings(registries),
      snapshotter: oneOf('SLIPWAY_SNAPSHOTTER', snapshotter, ['auto', 'erofs', 'folders', 'copy']),
      isolation: oneOf(
        input.isolation === undefined ? 'SLIPWAY_ISOLATION' : '--isolation',
        isolation,
        ['auto', 'namespaces', 'userns', 'chroot'],
      ),
      ...(userNamespace ? { userNamespace } : {}),
      ...(runtime === undefined || runtime === OWN_RUNTIME
        ? {}
        : { runtime: { name: runtime, searchPath: variable('PATH') ?? '' } }),
      ...(retry ? { retry } : {}),
      ...(cacheMax === undefined
        ? {}
        : {
            cacheMaxBytes: parseByteSize(cacheMax, { flag: origins['engine.cacheMaxBytes'] ?? '' }),
          }),
      parallelTransfers: wholeNumber('SLIPWAY_PARALLEL_TRANSFERS', transfers, 1, 64) ?? 4,
    },
    progress: knownProgress(progress),
    redraw: noRedraw === undefined,
    colour: noColour === undefined,
    sourceDateEpoch: epochOf(epoch),
    debug: debug.split(',').filter((area) => area !== ''),
    origins,
    variable,
  };
}

/** BuildKit's variable may name displays that we do not have; those show as `auto` does. */
function knownProgress(value: string): ProgressMode {
  return PROGRESS_MODES.find((mode) => mode === (value === 'none' ? 'quiet' : value)) ?? 'auto';
}

function oneOf<const T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new SlipwayError('USAGE', `invalid value "${value}" of ${name}`, {
    hint: `use one of: ${allowed.join(', ')}`,
  });
}

function epochOf(value: string | undefined): number | 'context' | undefined {
  if (value === 'context') return value;
  return wholeNumber('SOURCE_DATE_EPOCH', value, 0, Number.MAX_SAFE_INTEGER);
}

function wholeNumber(
  name: string,
  value: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new SlipwayError('USAGE', `invalid value "${value}" of ${name}`, {
    hint: `use a whole number from ${min} to ${max}`,
  });
}
