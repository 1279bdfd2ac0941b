/**
 * `--output`, `--push` and `--load` of a build, in docker's words: `type=local,dest=out`, a folder
 * alone, `-` for a tar on standard output. Pure.
 */
import { resolve } from 'node:path';
import { type BuildOutput, STORE_OUTPUT } from '#core/build-output.ts';
import { SlipwayError } from '#core/errors.ts';
import { parseReference, parseTag, type Reference, withDefaultTag } from '#core/reference.ts';
import { Attributes } from './attributes.ts';
import { formatOf } from './format-attributes.ts';
import type { OutputStream } from './host.ts';

export interface OutputFlags {
  readonly output: readonly string[];
  readonly push: boolean;
  readonly load: boolean;
  /** Media types where an output does not say. */
  readonly format?: string | undefined;
}

/** In the order given. @throws USAGE, REFERENCE_INVALID */
export function outputsOf(
  { output, push, load, format }: OutputFlags,
  stdout: OutputStream,
): readonly BuildOutput[] {
  const given = { stdout, isDocker: format === 'docker' };
  const outputs = output.map((text) => parseOutput(text, given));
  if (outputs.filter(writesTo(stdout)).length > 1) {
    throw usage('only one output can go to standard output', 'give the others a file with dest=');
  }
  const hasImage = outputs.some(({ kind }) => kind === 'image');
  const wantsImage = push || load || outputs.length === 0;
  const stored = { ...STORE_OUTPUT, format: { docker: given.isDocker } };
  const all = wantsImage && !hasImage ? [...outputs, stored] : outputs;
  return push ? all.map((one) => (one.kind === 'image' ? { ...one, push } : one)) : all;
}

/** Whether a result of the build goes to this stream. */
export function writesTo(stream: OutputStream): (output: BuildOutput) => boolean {
  return (output) => 'destination' in output && output.destination === stream;
}

interface Given {
  readonly stdout: OutputStream;
  /** Docker's media types where an output does not say. */
  readonly isDocker: boolean;
}

function parseOutput(text: string, given: Given): BuildOutput {
  if (text === '-') return { kind: 'tar', destination: toStdout('tar', given.stdout) };
  if (!/[=,]/.test(text)) return { kind: 'local', destination: resolve(text) };
  const attributes = Attributes.of(text, 'output');
  const type = attributes.take('type');
  if (type === undefined) {
    throw usage('type is required for output', 'write --output type=local,dest=FOLDER');
  }
  const output = outputOf(type, attributes, given);
  attributes.refuseRest(`output type=${type}`);
  return output;
}

function outputOf(type: string, attributes: Attributes, given: Given): BuildOutput {
  switch (type) {
    case 'local':
      return {
        kind: 'local',
        destination: requiredFolder(type, attributes),
        ...platformSplitIn(attributes),
        ...modeIn(attributes),
      };
    case 'tar':
      return {
        kind: 'tar',
        destination: destinationOf(type, attributes, given.stdout),
        ...platformSplitIn(attributes),
      };
    case 'docker':
      if (!attributes.has('dest')) return imageOutput(attributes, { ...given, push: false });
      return archiveOutput(type, attributes, given);
    case 'oci':
      return archiveOutput(type, attributes, given);
    case 'image':
      return imageOutput(attributes, {
        ...given,
        push: attributes.takeBoolean('push', false),
      });
    case 'registry':
      return imageOutput(attributes, { ...given, push: attributes.takeBoolean('push', true) });
    case 'cacheonly':
      return { ...STORE_OUTPUT, isDiscarded: true };
    default:
      throw usage(
        `exporter "${type}" could not be found`,
        'the types are local, tar, oci, docker, image, registry and cacheonly',
      );
  }
}

function archiveOutput(
  type: string,
  attributes: Attributes,
  { stdout, isDocker }: Given,
): BuildOutput {
  const format = formatOf(attributes, isDocker);
  return attributes.takeBoolean('tar', true)
    ? { kind: 'archive', destination: destinationOf(type, attributes, stdout), format }
    : { kind: 'layout', destination: requiredFolder(type, attributes), format };
}

function imageOutput(
  attributes: Attributes,
  { push, isDocker }: Given & { readonly push: boolean },
): BuildOutput {
  const names = (attributes.take('name') ?? '').split(',').filter((name) => name !== '');
  const pushByDigest = attributes.takeBoolean('push-by-digest', false);
  acceptFacts(attributes);
  const nameless = attributes.take('dangling-name-prefix');
  return {
    kind: 'image',
    names: names.map(pushByDigest ? parseName : parseTag),
    push: push || pushByDigest,
    ...(pushByDigest ? { pushByDigest } : {}),
    ...(attributes.takeBoolean('registry.insecure', false) ? { isInsecure: true } : {}),
    ...(attributes.takeBoolean('store', true) ? {} : { isDiscarded: true }),
    ...(nameless === undefined ? {} : { nameless: parseReference(nameless) }),
    format: formatOf(attributes, isDocker),
  };
}

/** An image here is found by `name@digest` always, and is never unpacked before it runs. */
function acceptFacts(attributes: Attributes): void {
  attributes.takeBoolean('name-canonical', true);
  attributes.takeBoolean('unpack', false);
}

/** What is pushed without a tag is kept under `latest`. */
function parseName(text: string): Reference {
  return withDefaultTag(parseReference(text));
}

function platformSplitIn(attributes: Attributes): { readonly platformSplit?: boolean } {
  return attributes.has('platform-split')
    ? { platformSplit: attributes.takeBoolean('platform-split', true) }
    : {};
}

function modeIn(attributes: Attributes): { readonly deletesOthers?: boolean } {
  const mode = attributes.take('mode') ?? 'copy';
  if (mode === 'copy') return {};
  if (mode === 'delete') return { deletesOthers: true };
  throw usage(`invalid local exporter mode "${mode}"`, 'write mode=copy or mode=delete');
}

function requiredFolder(type: string, attributes: Attributes): string {
  const dest = attributes.take('dest');
  if (dest === undefined || dest === '' || dest === '-') {
    throw usage(`dest is required for ${type} output`, 'name a folder with dest=');
  }
  return resolve(dest);
}

function destinationOf(
  type: string,
  attributes: Attributes,
  stdout: OutputStream,
): string | OutputStream {
  const dest = attributes.take('dest') ?? '-';
  return dest === '-' ? toStdout(type, stdout) : resolve(dest);
}

function toStdout(type: string, stdout: OutputStream): OutputStream {
  if (stdout.isTTY !== true) return stdout;
  throw usage(
    `dest file is required for ${type} exporter. refusing to write to console`,
    'name a file with dest=, or redirect the output',
  );
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
