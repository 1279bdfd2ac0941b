/**
 * `inspect` in docker's shape (Engine API 1.51, ImageInspect): the JSON document, and what templates
 * see, where every field docker's types have can be asked for. Pure.
 */

import type { ContainerConfig, Healthcheck } from '#core/image-config.ts';
import type { JsonObject, JsonValue } from '#core/json.ts';
import type { ImageDetails } from '#core/local-image.ts';
import { familiarReference } from '#core/reference.ts';
import { timestampText } from './format.ts';
import { AS_JSON, goJson, NIL_LIST, NIL_MAP, type Struct, type Value } from './template/values.ts';

/** What docker says of an image that never had a tag. */
const NO_TIME = '0001-01-01T00:00:00Z';
/** Where docker names its storage driver; layers are the store's own here. */
const GRAPH_DRIVER = { Data: null, Name: 'slipway' } as const;

/** Fields that do not apply are absent, except those that docker always prints. */
export function imageJson(image: ImageDetails): JsonObject {
  return { ...topFields(image), Config: configJson(image.config.config) };
}

function topFields(image: ImageDetails): JsonObject {
  const { config } = image;
  const { mediaType, digest, size } = image.manifest;
  const layers = config.rootfs.diff_ids;
  return {
    Id: image.imageId,
    RepoTags: image.tags.map(familiarReference),
    RepoDigests: image.digests.map(familiarReference),
    Parent: '',
    Comment: config.history.at(-1)?.comment ?? '',
    Created: image.created ?? NO_TIME,
    DockerVersion: '',
    Author: config.author ?? '',
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.sizeBytes,
    GraphDriver: GRAPH_DRIVER,
    RootFS: { Type: config.rootfs.type, ...(layers.length === 0 ? {} : { Layers: layers }) },
    Metadata: { LastTagTime: lastTagTime(image) },
    Descriptor: { mediaType, digest, size },
  };
}

function lastTagTime({ lastTagMs }: ImageDetails): string {
  return lastTagMs === undefined ? NO_TIME : new Date(lastTagMs).toISOString();
}

/** In docker's order, by name, and with null for what docker's older clients expect to be there. */
function configJson(config: ContainerConfig): JsonObject {
  const always = {
    Cmd: null,
    Entrypoint: null,
    Env: null,
    Labels: null,
    OnBuild: null,
    User: '',
    Volumes: null,
    WorkingDir: '',
  };
  const given = plain(config);
  const entries = Object.entries({ ...always, ...given }).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

/** What `inspect --format` fills in: fields as Go's types have them, unset ones included. */
export function imageStruct(image: ImageDetails): Struct {
  const json = topFields(image);
  const config = image.config.config;
  const time = { LastTagTime: lastTagTime(image) };
  return {
    ...json,
    Config: configStruct(config),
    Variant: image.config.variant ?? '',
    RootFS: { Type: 'layers', Layers: image.config.rootfs.diff_ids },
    Metadata: {
      LastTagTime: image.lastTagMs === undefined ? NO_TIME_TEXT : timestampText(time.LastTagTime),
      [AS_JSON]: goJson(time),
    },
    [AS_JSON]: goJson({ ...json, Config: plain(config) }),
  };
}

const NO_TIME_TEXT = '0001-01-01 00:00:00 +0000 UTC';

function configStruct(config: ContainerConfig): Struct {
  return {
    User: config.User ?? '',
    ExposedPorts: mapOf(config.ExposedPorts),
    Env: config.Env ?? NIL_LIST,
    Entrypoint: config.Entrypoint ?? NIL_LIST,
    Cmd: config.Cmd ?? NIL_LIST,
    Volumes: mapOf(config.Volumes),
    WorkingDir: config.WorkingDir ?? '',
    Labels: mapOf(config.Labels),
    StopSignal: config.StopSignal ?? '',
    ArgsEscaped: config.ArgsEscaped ?? false,
    Healthcheck: config.Healthcheck ? healthStruct(config.Healthcheck) : null,
    OnBuild: config.OnBuild ?? NIL_LIST,
    Shell: config.Shell ?? NIL_LIST,
    [AS_JSON]: goJson(plain(config)),
  };
}

/** Durations in nanoseconds, as in the JSON. */
function healthStruct(check: Healthcheck): Struct {
  return {
    Test: check.Test ?? NIL_LIST,
    Interval: check.Interval ?? 0,
    Timeout: check.Timeout ?? 0,
    StartPeriod: check.StartPeriod ?? 0,
    StartInterval: check.StartInterval ?? 0,
    Retries: check.Retries ?? 0,
    [AS_JSON]: goJson(plain(check)),
  };
}

function mapOf(fields: Readonly<Record<string, Value>> | undefined): Value {
  return fields === undefined ? NIL_MAP : new Map(Object.entries(fields));
}

/** A document of ours as JSON: what is undefined disappears. */
function plain(document: object): Readonly<Record<string, JsonValue>> {
  return JSON.parse(JSON.stringify(document));
}
