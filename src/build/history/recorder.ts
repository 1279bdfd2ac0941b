/**
 * Writes the history of one build while it runs: every event into its log, what it was asked for and
 * what came of it into its record. What the disk refuses to take is told once and stops no build.
 */
import { randomBytes } from 'node:crypto';
import type { BuildResultRecord, BuildStatus } from '#core/build-record.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { EventLineWriter } from '#core/event-lines.ts';
import type { Event, EventSink } from '#core/events.ts';
import type { SourceFile } from '#core/source.ts';
import type { BuildDocument } from '#store/build-document.ts';
import { BuildLogFile } from '#store/build-log.ts';
import type { LocalStore } from '#store/local-store.ts';
import { type MissedStepLine, missedLine } from './missed-line.ts';

export interface RecorderOptions {
  readonly store: LocalStore;
  readonly document: Omit<BuildDocument, 'steps' | 'error' | 'result'>;
  /** Of the caller: gets every event, and what there is to say about the log. */
  readonly events: EventSink;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** When the clock of events was 0. */
  readonly originMs: number;
}

export class BuildRecorder {
  readonly ref = newRef();
  readonly #options: RecorderOptions;
  readonly #log: BuildLogFile;
  readonly #lines = new EventLineWriter();
  readonly #steps = { total: 0, completed: 0, cached: 0 };
  #document: BuildDocument;

  /** The record begins. */
  constructor(options: RecorderOptions) {
    const { store, document, now, originMs } = options;
    this.#options = options;
    this.#document = document;
    store.builds.begin(this.ref, now(), document);
    this.#log = new BuildLogFile(store.paths.buildLog(this.ref), (error) => this.#logFailed(error));
    this.#log.add(JSON.stringify({ kind: 'build', ref: this.ref, originMs }));
  }

  /** Writes each event down and passes it on. */
  readonly sink = (event: Event): void => {
    // Blobs on their way are many small steps; the last one says all.
    if (event.kind !== 'transfer' || event.state === 'done') this.#log.add(this.#lines.line(event));
    if (event.kind === 'vertex-started') this.#steps.total += 1;
    if (event.kind === 'vertex-finished' && ['done', 'cached'].includes(event.outcome)) {
      this.#steps.completed += 1;
      if (event.outcome === 'cached') this.#steps.cached += 1;
    }
    this.#options.events(event);
  };

  /** The Dockerfile was read. */
  dockerfile(path: string, { text }: SourceFile): void {
    this.#document = { ...this.#document, dockerfile: { path, digest: digestOf(text) } };
    this.#options.store.builds.update(this.ref, this.#document);
  }

  /** A step was not in the cache. */
  missed(step: MissedStepLine): void {
    this.#log.add(missedLine(step));
  }

  /** The root of the failed step is an image now; it goes with the record. */
  keepFailedRoot({
    imageId,
    manifest,
  }: {
    readonly imageId: Digest;
    readonly manifest: Digest;
  }): void {
    this.#document = { ...this.#document, failedImage: imageId };
    this.#options.store.builds.keepFailedRoot(this.ref, manifest);
  }

  succeeded(result: BuildResultRecord): void {
    this.#end('completed', { result });
  }

  failed(error: unknown): void {
    const text = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
    this.#end(isSlipwayError(error, 'CANCELLED') ? 'canceled' : 'error', { error: text });
  }

  #end(
    status: Exclude<BuildStatus, 'running' | 'interrupted'>,
    outcome: { readonly result?: BuildResultRecord; readonly error?: string },
  ): void {
    this.#log[Symbol.dispose]();
    this.#options.store.builds.end({
      ref: this.ref,
      status,
      endedAtMs: this.#options.now(),
      logBytes: this.#log.bytes,
      document: { ...this.#document, steps: this.#steps, ...outcome },
    });
  }

  #logFailed(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const event = { kind: 'note', level: 'warning' } as const;
    this.#options.events({ ...event, text: `the log of this build ends here: ${text}` });
  }
}

/** As long as BuildKit's, of the same letters and digits. */
function newRef(): string {
  const number = BigInt(`0x${randomBytes(17).toString('hex')}`);
  return number.toString(36).padStart(25, '0').slice(-25);
}
