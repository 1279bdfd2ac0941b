/** `slipway import` over the engine's resources: a file, a URL or a stream, and the config's changes. */
import { stat } from 'node:fs/promises';
import { configOfChanges } from '#build/changes.ts';
import { SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import { hostPlatform } from '#core/platform.ts';
import { parseReference, type Reference, withDefaultTag } from '#core/reference.ts';
import type { ImportOptions, ImportResult } from '#engine.ts';
import { importImage } from '#image/import.ts';
import { needFile } from '#image/input-file.ts';
import { interruptible } from '#image/interruptible.ts';
import { displayUrl } from '#remote/errors.ts';
import { readFileChunks } from '#store/file-read.ts';
import type { Resources } from './resources.ts';

type Source = string | NodeJS.ReadableStream;

export async function importRoot(
  resources: Resources,
  source: Source,
  options: ImportOptions,
): Promise<ImportResult> {
  const name = options.name === undefined ? undefined : nameOf(options.name);
  const config = configOfChanges(options.changes ?? []);
  const url = typeof source === 'string' && /^https?:\/\//i.test(source) ? URL.parse(source) : null;
  // Without the user, password and query of a URL, which may be secret and would be pushed.
  const shown = url ? displayUrl(url) : '-';
  await using stack = new AsyncDisposableStack();
  const { sourceDateEpoch, events = ignoreEvents, signal } = options;
  const created = sourceDateEpoch === undefined ? new Date() : new Date(sourceDateEpoch * 1000);
  return await importImage({
    store: await resources.store(),
    content: url ? await fetched(url, options, stack) : await opened(source, options),
    source: url ? shown : typeof source === 'string' ? source : 'standard input',
    config,
    platform: options.platform ?? hostPlatform(process.arch),
    message: options.message || `Imported from ${shown}`,
    created: created.toISOString(),
    events,
    ...(name ? { name } : {}),
    ...(signal ? { signal } : {}),
  });
}

/** @throws REFERENCE_INVALID in docker's words */
function nameOf(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest === undefined) return withDefaultTag(reference);
  throw new SlipwayError('REFERENCE_INVALID', 'cannot import digest reference', {
    hint: 'name the image name:tag',
  });
}

async function fetched(
  url: URL,
  { events = ignoreEvents, signal }: ImportOptions,
  stack: AsyncDisposableStack,
): Promise<AsyncIterable<Uint8Array>> {
  const { download } = await import('#remote/download.ts');
  const file = stack.use(await download(url, signal ? { signal } : {}));
  events({ kind: 'note', level: 'info', text: `Downloading from ${displayUrl(url)}` });
  return file.body;
}

async function opened(
  source: Source,
  { signal }: ImportOptions,
): Promise<AsyncIterable<Uint8Array>> {
  if (typeof source !== 'string') return interruptible(source, signal);
  await needFile(source);
  if ((await stat(source)).isDirectory()) {
    throw new SlipwayError('FILE_UNUSABLE', `read ${source}: is a directory`, {
      hint: `pack it first: tar -C ${source} -c . | slipway import - NAME`,
      detail: { path: source },
    });
  }
  return readFileChunks(source, signal ? { signal } : {});
}
