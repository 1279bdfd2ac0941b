/** A pull with docker's words around it; `pull` shows them on stdout, `run` on stderr. */
import type { Platform } from '#core/platform.ts';
import {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
  selectorOf,
  withDefaultTag,
} from '#core/reference.ts';
import type { Engine, PullResult } from '#engine.ts';
import type { Host } from './host.ts';
import { transferProgress } from './progress/pick.ts';
import type { CliSettings } from './settings.ts';

export interface PullImageOptions {
  readonly engine: Engine;
  readonly host: Host;
  readonly settings: CliSettings;
  readonly stream: Host['stdout'];
  /** No progress. */
  readonly quiet?: boolean;
  /** A pull on the way to something else says nothing about the name. */
  readonly inPassing?: boolean;
  readonly platform?: Platform;
}

export async function pullImage(image: string, options: PullImageOptions): Promise<void> {
  const { stream, quiet = false, inPassing = false } = options;
  const print = (line: string): void => void stream.write(`${line}\n`);
  const reference = parseReference(image);
  const untagged = reference.tag === undefined && reference.digest === undefined;
  if (!quiet && untagged && !inPassing) print('Using default tag: latest');
  const result = await pullTag(withDefaultTag(reference), options);
  const status = result.changed ? 'Downloaded newer image for' : 'Image is up to date for';
  if (!quiet) print(`Status: ${status} ${familiarReference(result.reference)}`);
  if (!inPassing) print(formatReference(result.reference));
}

/** One tag or digest, with all but the closing words. */
export async function pullTag(
  reference: Reference,
  { engine, host, settings, stream, platform, quiet = false }: PullImageOptions,
): Promise<PullResult> {
  const print = (line: string): void => void stream.write(`${line}\n`);
  if (!quiet) print(`${selectorOf(reference)}: Pulling from ${reference.repository}`);
  const result = await engine.pull(formatReference(reference), {
    signal: host.interrupts.signal,
    ...(platform ? { platform } : {}),
    ...(quiet ? {} : { events: transferProgress({ stream, settings, nowMs: host.nowMs }) }),
  });
  if (!quiet) print(`Digest: ${result.manifest.digest}`);
  return result;
}
