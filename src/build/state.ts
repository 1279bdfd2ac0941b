/**
 * A stage while it is being built, as an immutable value: instructions map one state to the next.
 * `env` is what words expand against and what RUN sees; the image's own Env is `config.Env`.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { ContainerConfig, HistoryEntry, ImageConfig } from '#core/image-config.ts';
import { type CacheKey, originKey } from './cache-key.ts';

export interface StageState {
  /** Base first. */
  readonly layers: readonly StageLayer[];
  readonly config: ContainerConfig;
  readonly author?: string;
  readonly history: readonly HistoryEntry[];
  /** Last write wins, ARG and ENV alike. */
  readonly env: ReadonlyMap<string, string>;
  /** Declared ARGs in order of declaration, for RUN's history line. */
  readonly args: ReadonlyMap<string, string>;
  /** The ID of the image it began with. */
  readonly base?: Digest;
  /** How much of it that image brought along. */
  readonly inherited: { readonly layers: number; readonly history: number };
  /** The definition flavour of everything below: what was asked, not what came out. */
  readonly definition: CacheKey;
  /** CMD was set in this stage, so ENTRYPOINT must not clear it. */
  readonly cmdSet: boolean;
  /** When the newest layer was made; metadata after it carries the same time. ISO 8601. */
  readonly created?: string;
}

export interface StageLayer {
  readonly diffId: Digest;
  /** As the manifest will list it. */
  readonly descriptor: Descriptor;
}

/** What docker gives an image without Env (moby's default for Linux). */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface BaseImage {
  readonly imageId: Digest;
  /** Of its manifest, as registries know it; absent: it is of an archive. */
  readonly digest?: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly StageLayer[];
}

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** The SHELL in force. */
export function shellOf(state: StageState): readonly string[] {
  return state.config.Shell ?? DEFAULT_SHELL;
}

/** The working directory in force, absolute. */
export function workdirOf(state: StageState): string {
  return state.config.WorkingDir || '/';
}

/** `NAME=value` list to a map; a value without `=` is empty. */
function envMap(env: readonly string[] | undefined): Map<string, string> {
  const map = new Map<string, string>();
  for (const item of env ?? []) {
    const equals = item.indexOf('=');
    map.set(equals < 0 ? item : item.slice(0, equals), equals < 0 ? '' : item.slice(equals + 1));
  }
  return map;
}

/** Sets names in a `NAME=value` list, each in place of an earlier value. */
export function withEnv(
  env: readonly string[] | undefined,
  pairs: readonly (readonly [string, string])[],
  options: {
    /** Names not in it are not in the list either, and are not looked for. */
    readonly known: ReadonlyMap<string, string>;
  },
): readonly string[] {
  const list = [...(env ?? [])];
  const added = new Set<string>();
  for (const [name, value] of pairs) {
    const isKnown = options.known.has(name) || added.has(name);
    const at = isKnown ? placeOf(name, list) : -1;
    if (at < 0) list.push(`${name}=${value}`);
    else list[at] = `${name}=${value}`;
    added.add(name);
  }
  return list;
}

/** Comparing whole names is slow, and most differ in their last letter. */
function placeOf(name: string, list: readonly string[]): number {
  const equals = '='.charCodeAt(0);
  const { length } = name;
  const last = name.charCodeAt(length - 1);
  return list.findIndex((item) => {
    if (item.charCodeAt(length - 1) !== last) return false;
    return item.length === length
      ? item === name
      : item.charCodeAt(length) === equals && item.startsWith(name);
  });
}

/** Where `FROM scratch` starts: no layer, but docker's default PATH and WORKDIR. */
export function scratchState(): StageState {
  return {
    layers: [],
    config: { Env: [`PATH=${DEFAULT_PATH}`], WorkingDir: '/' },
    history: [],
    inherited: { layers: 0, history: 0 },
    env: new Map([['PATH', DEFAULT_PATH]]),
    args: new Map(),
    definition: originKey('scratch'),
    cmdSet: false,
  };
}

/** Where `FROM image` starts. */
export function imageState({ config: image, imageId, layers }: BaseImage): StageState {
  const env = envMap(image.config.Env);
  const hasPath = env.has('PATH');
  if (!hasPath) env.set('PATH', DEFAULT_PATH);
  return {
    layers,
    config: {
      ...image.config,
      Env: hasPath
        ? (image.config.Env ?? [])
        : [...(image.config.Env ?? []), `PATH=${DEFAULT_PATH}`],
    },
    ...(image.author ? { author: image.author } : {}),
    base: imageId,
    history: image.history,
    inherited: { layers: layers.length, history: image.history.length },
    env,
    args: new Map(),
    definition: originKey('image', imageId),
    cmdSet: false,
    ...(image.created ? { created: image.created } : {}),
  };
}
