/**
 * The image config (image-spec config.md) with docker's extensions (Healthcheck, OnBuild, Shell).
 * Field names are the specification's, capitals included: this is the document, not a model of it.
 */
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { SlipwayError } from './errors.ts';
import { type JsonObject, ObjectReader, parseJson } from './json.ts';

export interface ImageConfig {
  readonly created?: string;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config: ContainerConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly HistoryEntry[];
}

/** What a container of the image starts with. Absent is meaningful. */
export interface ContainerConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  /** `NAME=value`, in order. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: Healthcheck;
  readonly OnBuild?: readonly string[];
  readonly Shell?: readonly string[];
  /** The Cmd and Entrypoint are a string for a shell of Windows; kept, never set. */
  readonly ArgsEscaped?: boolean;
}

/** Durations in nanoseconds. */
export interface Healthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** Decodes and checks what we rely on; unknown fields of `config` are kept as they are. @throws MANIFEST_INVALID */
export function decodeImageConfig(bytes: Uint8Array): ImageConfig {
  try {
    return readConfig(new ObjectReader(parseJson(bytes, 'image config'), 'image config'));
  } catch (cause) {
    if (!(cause instanceof SlipwayError)) throw cause;
    throw new SlipwayError('MANIFEST_INVALID', cause.message, { cause });
  }
}

function readConfig(top: ObjectReader): ImageConfig {
  const rootfs = top.object('rootfs');
  const diffIds = rootfs
    .strings('diff_ids')
    .map((id) => (isDigest(id) ? id : rootfs.refuse('diff_ids', 'digests')));
  const created = top.optionalString('created');
  const author = top.optionalString('author');
  const variant = top.optionalString('variant');
  return {
    ...(created ? { created } : {}),
    ...(author ? { author } : {}),
    architecture: top.string('architecture'),
    os: top.string('os'),
    ...(variant ? { variant } : {}),
    config: readContainerConfig(top.optionalObject('config')),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: top.objects('history').map(readHistory),
  };
}

function readContainerConfig(reader: ObjectReader | undefined): ContainerConfig {
  if (!reader) return {};
  for (const key of ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell']) reader.strings(key);
  for (const key of ['User', 'WorkingDir', 'StopSignal']) reader.optionalString(key);
  reader.optionalStringMap('Labels');
  for (const key of ['ExposedPorts', 'Volumes', 'Healthcheck']) reader.optionalObject(key);
  const present = reader.keys().filter((key) => reader.has(key));
  return Object.fromEntries(
    present.map((key) => [key, reader.raw(key)]),
  ) as JsonObject as ContainerConfig;
}

function readHistory(reader: ObjectReader): HistoryEntry {
  const text = (key: string): Record<string, string> => {
    const value = reader.optionalString(key);
    return value === undefined ? {} : { [key]: value };
  };
  const empty = reader.optionalBoolean('empty_layer');
  return {
    ...text('created'),
    ...text('created_by'),
    ...text('author'),
    ...text('comment'),
    ...(empty ? { empty_layer: true } : {}),
  };
}

/** The bytes of a new config; keys in a fixed order, so equal configs have equal digests. */
export function encodeImageConfig(config: ImageConfig): Uint8Array {
  const { architecture, config: container, created, author, history, os, rootfs, variant } = config;
  return Buffer.from(
    JSON.stringify({
      architecture,
      ...(variant ? { variant } : {}),
      config: container,
      ...(author ? { author } : {}),
      ...(created ? { created } : {}),
      history,
      os,
      rootfs,
    }),
  );
}
