/**
 * The plain build log of docker (BuildKit's `--progress plain`): numbered steps, their output with
 * the seconds since they began, one blank line between steps. A pure function of the events.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import type { Event, NoteEvent, TransferEvent, VertexEvent } from '#core/events.ts';
import type { SourceFile } from '#core/source.ts';
import { humanSize } from '../format.ts';
import type { Sections } from './ci-sections.ts';
import { type FailedStep, secondsText } from './failed-step.ts';
import { OutputLines } from './output-lines.ts';
import { warningsText } from './warnings.ts';

/** Lines of a failing step that are repeated below the log. */
const LOG_TAIL_LINES = 200;

interface Vertex {
  readonly number: number;
  readonly name: string;
  readonly startedMs: number;
  readonly output: OutputLines;
  readonly tail: string[];
  finished: boolean;
}

export class PlainProgress {
  readonly #write: (text: string) => void;
  readonly #vertices = new Map<number, Vertex>();
  readonly #warnings: { readonly diagnostic: Diagnostic; readonly file: SourceFile }[] = [];
  readonly #sections: Sections | undefined;
  #isOpen = false;
  #shown: Vertex | undefined;
  #failed: FailedStep | undefined;

  /** `sections`: each step is a section of the log. */
  constructor(write: (text: string) => void, sections?: Sections) {
    this.#write = write;
    this.#sections = sections;
  }

  /** The last step that ended with an error. */
  get failed(): FailedStep | undefined {
    return this.#failed;
  }

  readonly sink = (event: Event): void => {
    if (event.kind === 'transfer') this.#onTransfer(event);
    else if (event.kind === 'note') this.#onNote(event);
    else if (event.kind !== 'diagnostic') this.#onVertex(event);
    else if (event.diagnostic.severity !== 'error') this.#warnings.push(event);
  };

  /** After the last event: the summary of warnings. */
  finish(): void {
    this.#close();
    this.#write(warningsText(this.#warnings));
  }

  #onVertex(event: VertexEvent): void {
    if (event.kind === 'vertex-started') this.#onStarted(event);
    const vertex = this.#vertices.get(event.vertex);
    if (!vertex) return;
    this.#show(vertex);
    if (event.kind === 'vertex-log') this.#onLog(vertex, event);
    if (event.kind === 'vertex-status') this.#line(vertex, statusText(event));
    if (event.kind === 'vertex-finished') this.#onFinished(vertex, event);
  }

  #onStarted({ vertex, name, atMs }: VertexEvent & { readonly kind: 'vertex-started' }): void {
    this.#vertices.set(vertex, {
      number: vertex,
      name,
      startedMs: atMs,
      output: new OutputLines(),
      tail: [],
      finished: false,
    });
  }

  /** Brings a step to the front; the one before is marked as unfinished. */
  #show(vertex: Vertex): void {
    const before = this.#shown;
    if (before === vertex) return;
    if (before && !before.finished) this.#line(before, '...');
    this.#close();
    this.#write(before ? '\n' : '');
    this.#write(this.#titled(`#${vertex.number} ${vertex.name}`));
    this.#shown = vertex;
  }

  #titled(title: string): string {
    if (!this.#sections) return `${title}\n`;
    this.#isOpen = true;
    return this.#sections.open(title);
  }

  #close(): void {
    if (this.#isOpen) this.#write(this.#sections?.close() ?? '');
    this.#isOpen = false;
  }

  #onLog(vertex: Vertex, event: VertexEvent & { readonly kind: 'vertex-log' }): void {
    for (const line of vertex.output.push(event.stream, event.bytes)) {
      this.#logLine(vertex, line, event.atMs);
    }
  }

  #logLine(vertex: Vertex, line: string, atMs: number): void {
    const text = `${secondsText(atMs - vertex.startedMs, 3)} ${line}`;
    vertex.tail.push(text);
    if (vertex.tail.length > LOG_TAIL_LINES) vertex.tail.shift();
    this.#line(vertex, text);
  }

  #onFinished(vertex: Vertex, event: VertexEvent & { readonly kind: 'vertex-finished' }): void {
    for (const line of vertex.output.end()) this.#logLine(vertex, line, event.atMs);
    vertex.finished = true;
    if (event.outcome === 'error') this.#failed = { name: vertex.name, log: vertex.tail };
    this.#line(vertex, outcomeText(event, vertex.startedMs));
  }

  /** Blobs fetched for a step: one line when each is here. */
  #onTransfer(event: TransferEvent): void {
    if (event.state !== 'done' || !this.#shown || this.#shown.finished) return;
    const size = humanSize(event.current);
    this.#line(this.#shown, `${event.digest} ${size} / ${size} done`);
  }

  #onNote(event: NoteEvent): void {
    const text = event.level === 'warning' ? `WARNING: ${event.text}` : event.text;
    if (this.#shown && !this.#shown.finished) this.#line(this.#shown, text);
    else this.#write(`${text}\n`);
  }

  #line(vertex: Vertex, text: string): void {
    this.#write(`#${vertex.number} ${text}\n`);
  }
}

function statusText({ text, done }: VertexEvent & { readonly kind: 'vertex-status' }): string {
  return done ? `${text} done` : text;
}

function outcomeText(
  { outcome, message, atMs }: VertexEvent & { readonly kind: 'vertex-finished' },
  startedMs: number,
): string {
  switch (outcome) {
    case 'done':
      return `DONE ${secondsText(atMs - startedMs, 1)}s`;
    case 'cached':
      return 'CACHED';
    case 'cancelled':
      return 'CANCELED';
    case 'error':
      return `ERROR: ${message ?? 'failed'}`;
  }
}
