/** The build's steps as events: numbered in the order they start, each with one beginning and one end. */
import type { Diagnostic } from '#core/diagnostic.ts';
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { SourceFile } from '#core/source.ts';

export interface Vertex {
  /** In the log. */
  readonly number: number;
  /** Output of the step's process. */
  log(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** A line of progress. */
  status(text: string, options?: { readonly done?: boolean }): void;
}

export class Vertices {
  readonly #events: EventSink;
  readonly #now: () => number;
  /** In front of every name. */
  readonly #prefix: string;
  readonly #last: { number: number };

  /** `now`: milliseconds. */
  constructor(events: EventSink, now: () => number, prefix = '', last = { number: 0 }) {
    this.#events = events;
    this.#now = now;
    this.#prefix = prefix;
    this.#last = last;
  }

  /** More steps of the same log, with something in front of their names. */
  named(prefix: string): Vertices {
    return new Vertices(this.#events, this.#now, prefix, this.#last);
  }

  /** Runs one step between its start and finish events; errors pass through. */
  async run<T>(name: string, work: (vertex: Vertex) => Promise<T>): Promise<T> {
    const vertex = this.#start(name);
    try {
      const result = await work(this.#handle(vertex));
      this.#finish(vertex, 'done');
      return result;
    } catch (error) {
      const cancelled = error instanceof SlipwayError && error.code === 'CANCELLED';
      this.#finish(
        vertex,
        cancelled ? 'cancelled' : 'error',
        error instanceof Error ? error.message : String(error),
      );
      throw error;
    }
  }

  /** A step whose result was there already. */
  cached(name: string): void {
    this.#finish(this.#start(name), 'cached');
  }

  note(level: 'info' | 'warning', text: string): void {
    this.#events({ kind: 'note', level, text });
  }

  /** Something a check found in the Dockerfile. */
  diagnostic(diagnostic: Diagnostic, file: SourceFile): void {
    this.#events({ kind: 'diagnostic', diagnostic, file });
  }

  #start(name: string): number {
    this.#last.number += 1;
    const vertex = this.#last.number;
    const shown = this.#prefix + name;
    this.#events({ kind: 'vertex-started', vertex, name: shown, atMs: this.#now() });
    return vertex;
  }

  #handle(vertex: number): Vertex {
    return {
      number: vertex,
      log: (stream, bytes) =>
        this.#events({ kind: 'vertex-log', vertex, stream, bytes, atMs: this.#now() }),
      status: (text, options) =>
        this.#events({
          kind: 'vertex-status',
          vertex,
          text,
          done: options?.done ?? false,
          atMs: this.#now(),
        }),
    };
  }

  #finish(
    vertex: number,
    outcome: 'done' | 'cached' | 'error' | 'cancelled',
    message?: string,
  ): void {
    this.#events({
      kind: 'vertex-finished',
      vertex,
      outcome,
      ...(message === undefined || outcome !== 'error' ? {} : { message }),
      atMs: this.#now(),
    });
  }
}
