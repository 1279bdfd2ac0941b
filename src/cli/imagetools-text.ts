/** What `imagetools inspect` prints: buildx's lines, and what its templates see. Pure. */
import type { Descriptor } from '#core/descriptor.ts';
import { type JsonObject, type JsonValue, parseJson } from '#core/json.ts';
import { descriptorOf } from '#core/manifest.ts';
import { formatPlatform } from '#core/platform.ts';
import { formatReference } from '#core/reference.ts';
import type { ImageLook } from '#engine/registry-tools.ts';
import { oneLine } from './one-line.ts';
import { AS_JSON, NIL_LIST, NIL_MAP, type Struct, type Value } from './template/values.ts';

type Row = readonly [label: string, value: string];

/** `name`: as it was typed, for what has no reference. */
export function lookText(look: ImageLook, name: string): string {
  const { raw, listed } = look;
  const head = aligned([
    ['Name:', nameOf(look, name)],
    ['MediaType:', raw.mediaType],
    ['Digest:', raw.digest],
  ]);
  if (listed.length === 0) return head;
  const blocks = listed.map((descriptor, i) =>
    blockOf(descriptor, look, { name, isFirst: i === 0 }),
  );
  return (
    head +
    aligned([
      ['', ''],
      ['Manifests:', ''],
    ]) +
    blocksText(blocks)
  );
}

function nameOf({ reference }: ImageLook, name: string): string {
  return reference ? formatReference(reference) : name;
}

interface Block {
  readonly rows: readonly Row[];
  readonly annotations: readonly Row[];
}

function blockOf(
  descriptor: Descriptor,
  look: ImageLook,
  { name, isFirst }: { readonly name: string; readonly isFirst: boolean },
): Block {
  const { digest, mediaType, platform, urls, annotations = {} } = descriptor;
  const { reference } = look;
  const full = reference ? formatReference({ ...reference, digest }) : `${name}@${digest}`;
  const rows: Row[] = [
    ...(isFirst ? [] : [['', ''] as const]),
    ['  Name:', full],
    ['  MediaType:', mediaType],
  ];
  if (!platform) return { rows, annotations: [] };
  rows.push(['  Platform:', formatPlatform(platform)]);
  const { 'os.version': version, 'os.features': features = [] } = platform;
  if (version) rows.push(['  OSVersion:', version]);
  if (features.length > 0) rows.push(['  OSFeatures:', features.join(', ')]);
  if (urls && urls.length > 0) rows.push(['  URLs:', urls.join(', ')]);
  const notes = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  if (notes.length > 0) rows.push(['  Annotations:', '']);
  return { rows, annotations: notes.map(([key, value]) => [`    ${key}:`, value]) };
}

/** Columns are as wide as their longest label, up to the next annotations. */
function blocksText(blocks: readonly Block[]): string {
  let text = '';
  let rows: Row[] = [];
  for (const block of blocks) {
    rows.push(...block.rows);
    if (block.annotations.length === 0) continue;
    text += aligned(rows) + aligned(block.annotations);
    rows = [];
  }
  return text + aligned(rows);
}

function aligned(rows: readonly Row[]): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length)) + 1;
  return rows.map(([label, value]) => `${oneLine(label.padEnd(width) + value)}\n`).join('');
}

/** `.Name`, `.Manifest` and `.Image`: of an index the configs by platform. */
export function lookStruct(look: ImageLook, name: string): Struct {
  return { Name: nameOf(look, name), Manifest: manifestStruct(look), Image: imageValue(look) };
}

function manifestStruct({ raw, listed }: ImageLook): Struct {
  const { mediaType, digest, size } = descriptorOf(raw);
  if (listed.length === 0)
    return withJson(
      { MediaType: mediaType, Digest: digest, Size: size },
      { mediaType, digest, size },
    );
  const document = parseJson(raw.bytes, 'manifest');
  const { annotations } = fieldsOf(document);
  return withJson(
    {
      SchemaVersion: 2,
      MediaType: mediaType,
      Digest: digest,
      Size: size,
      Manifests: listed.map(descriptorStruct),
      Annotations: templateValue(annotations ?? {}),
    },
    {
      schemaVersion: 2,
      mediaType,
      digest,
      size,
      manifests: listed,
      ...(annotations ? { annotations } : {}),
    },
  );
}

function descriptorStruct(descriptor: Descriptor): Struct {
  const { mediaType, digest, size, annotations = {}, platform } = descriptor;
  return withJson(
    {
      MediaType: mediaType,
      Digest: digest,
      Size: size,
      Annotations: new Map(Object.entries(annotations)),
      Platform: platform
        ? {
            OS: platform.os,
            Architecture: platform.architecture,
            Variant: platform.variant ?? '',
            OSVersion: platform['os.version'] ?? '',
            OSFeatures: platform['os.features'] ?? [],
          }
        : null,
    },
    descriptor,
  );
}

function imageValue({ configs, listed }: ImageLook): Value {
  const images = configs.map(({ platform, bytes }) => {
    const config = parseJson(bytes, 'image config');
    return [platform ? formatPlatform(platform) : '', config] as const;
  });
  const [only, ...others] = images;
  if (listed.length === 0 || others.length === 0) return only ? configStruct(only[1]) : null;
  return {
    ...Object.fromEntries(images.map(([name, config]) => [name, configStruct(config)])),
    [AS_JSON]: JSON.stringify(Object.fromEntries(images), undefined, 2),
  };
}

/** Fields that a template may ask for where the config has none. */
const NO_SETTINGS: Struct = {
  User: '',
  ExposedPorts: NIL_MAP,
  Env: NIL_LIST,
  Entrypoint: NIL_LIST,
  Cmd: NIL_LIST,
  Volumes: NIL_MAP,
  WorkingDir: '',
  Labels: NIL_MAP,
  StopSignal: '',
};

/** The names of the Go type, with those of the document as its JSON. */
function configStruct(config: JsonValue): Struct {
  const fields = fieldsOf(config);
  const { rootfs, config: container, os, ...rest } = fields;
  const { type, diff_ids: diffIds } = fieldsOf(rootfs);
  const named = Object.entries(rest).map(([name, value]) => [
    name.charAt(0).toUpperCase() + name.slice(1),
    templateValue(value),
  ]);
  const settings = Object.entries(fieldsOf(container));
  return withJson(
    {
      ...Object.fromEntries(named),
      OS: templateValue(os ?? ''),
      Config: {
        ...NO_SETTINGS,
        ...Object.fromEntries(settings.map(([name, value]) => [name, templateValue(value)])),
      },
      RootFS: { Type: templateValue(type ?? ''), DiffIDs: templateValue(diffIds ?? []) },
    },
    config,
  );
}

/** What is no object has none. */
function fieldsOf(value: JsonValue | undefined): Readonly<Record<string, JsonValue>> {
  return isObject(value) ? value : {};
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withJson(struct: Struct, document: unknown): Struct {
  return { ...struct, [AS_JSON]: JSON.stringify(document, undefined, 2) };
}

function templateValue(value: JsonValue): Value {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(templateValue);
  return new Map(Object.entries(value).map(([name, field]) => [name, templateValue(field)]));
}
