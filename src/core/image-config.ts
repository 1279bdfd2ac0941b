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

/** Of a container config, a healthcheck and a history entry, in the order of config.md. */
const FIELD_ORDER: readonly string[] = [
  ...['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels'],
  ...['StopSignal', 'ArgsEscaped', 'Healthcheck', 'OnBuild', 'Shell'],
  ...['Test', 'Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'],
  ...['created', 'created_by', 'author', 'comment', 'empty_layer'],
];

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
  if ((rootfs.optionalString('type') ?? 'layers') !== 'layers') rootfs.refuse('type', '"layers"');
  const diffIds = rootfs
    .strings('diff_ids')
    .map((id) => (isDigest(id) ? id : rootfs.refuse('diff_ids', 'an array of digests')));
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
  reader.optionalBoolean('ArgsEscaped');
  reader.optionalStringMap('Labels');
  for (const key of ['ExposedPorts', 'Volumes']) reader.optionalObject(key);
  checkHealthcheck(reader.optionalObject('Healthcheck'));
  const present = reader.keys().filter((key) => reader.has(key));
  return Object.fromEntries(
    present.map((key) => [key, reader.raw(key)]),
  ) as JsonObject as ContainerConfig;
}

function checkHealthcheck(reader: ObjectReader | undefined): void {
  if (!reader) return;
  reader.strings('Test');
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'])
    reader.optionalNumber(key);
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
      config: inFixedOrder(container),
      ...(author ? { author } : {}),
      ...(created ? { created } : {}),
      history: history.map(inFixedOrder),
      os,
      rootfs: { type: rootfs.type, diff_ids: rootfs.diff_ids },
    }),
  );
}

/** The fields we know as the specification lists them, then the others; maps within are sorted. */
function inFixedOrder(fields: object): object {
  const rank = (key: string): number => {
    const known = FIELD_ORDER.indexOf(key);
    return known < 0 ? FIELD_ORDER.length : known;
  };
  const entries = Object.entries(fields).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, nestedInFixedOrder(value)]));
}

function nestedInFixedOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nestedInFixedOrder);
  return typeof value === 'object' && value !== null ? inFixedOrder(value) : value;
}
