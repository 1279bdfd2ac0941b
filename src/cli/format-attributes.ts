/** How an output writes the image down: `compression=zstd,compression-level=9` and so on. Pure. */
import type { ImageFormat } from '#core/build-output.ts';
import { SlipwayError } from '#core/errors.ts';
import { type LayerForm, LEVELS } from '#core/layer-form.ts';
import { hostPlatform } from '#core/platform.ts';
import { annotationAttribute } from './annotation-option.ts';
import type { Attributes } from './attributes.ts';

/** Takes what it knows; `isDocker`: media types where nothing is said. @throws USAGE */
export function formatOf(attributes: Attributes, isDocker = false): ImageFormat {
  const docker = !attributes.takeBoolean('oci-mediatypes', !isDocker);
  acceptTimes(attributes);
  const compression = compressionIn(attributes);
  const forceCompression = attributes.takeBoolean('force-compression', false);
  if (docker && compression?.codec === 'zstd') {
    throw usage(
      "zstd layers are not for docker's media types",
      'leave out oci-mediatypes=false, or write compression=gzip',
    );
  }
  if (forceCompression && !compression) {
    throw usage(
      'force-compression needs a compression',
      'write compression=gzip, zstd or uncompressed',
    );
  }
  const annotations = annotationsIn(attributes);
  return {
    docker,
    ...(compression ? { compression } : {}),
    ...(forceCompression ? { forceCompression } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
  };
}

/** With SOURCE_DATE_EPOCH every image is so; without there is nothing to rewrite to. */
function acceptTimes(attributes: Attributes): void {
  if (attributes.takeBoolean('rewrite-timestamp', true)) return;
  throw usage(
    'rewrite-timestamp=false is not supported',
    'unset SOURCE_DATE_EPOCH to keep the times of files',
  );
}

function compressionIn(attributes: Attributes): LayerForm | undefined {
  const name = attributes.take('compression');
  const level = attributes.take('compression-level');
  if (name === undefined && level === undefined) return undefined;
  const codec = codecOf(name ?? 'gzip');
  return level === undefined ? { codec } : { codec, level: levelOf(codec, level) };
}

function codecOf(name: string): LayerForm['codec'] {
  if (name === 'gzip' || name === 'zstd') return name;
  if (name === 'uncompressed') return 'none';
  const isChunked = name === 'estargz' || name === 'zstd:chunked';
  const chunked = isChunked
    ? `${name} is for stores that load files one by one, this one does not: `
    : '';
  throw usage(
    `unsupported layer compression type: ${name}`,
    `${chunked}layers are written as gzip, zstd or uncompressed`,
  );
}

function levelOf(codec: LayerForm['codec'], text: string): number {
  if (codec === 'none') throw usage('uncompressed layers have no level', 'leave it out');
  const { min, max } = LEVELS[codec];
  const level = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (level >= min && level <= max) return level;
  throw usage(
    `invalid value "${text}" for compression-level`,
    `levels of ${codec} are ${min} to ${max}`,
  );
}

function annotationsIn(attributes: Attributes) {
  const host = hostPlatform(process.arch);
  return attributes.names().flatMap((name) => {
    if (!name.startsWith('annotation')) return [];
    return annotationAttribute(name, attributes.take(name) ?? '', host) ?? [];
  });
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
