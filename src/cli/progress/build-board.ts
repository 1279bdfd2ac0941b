/**
 * What is known of a running build: every step with its state, progress and last lines of output.
 * Gathered from the events, drawn by build-screen.ts. It reads no clock and draws nothing.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import type { Event, NoteEvent, TransferEvent, VertexEvent } from '#core/events.ts';
import type { SourceFile } from '#core/source.ts';
import { type FailedStep, secondsText } from './failed-step.ts';
import { OutputLines } from './output-lines.ts';

/** Lines kept of a step's output, shown in full when it fails. The oldest go first. */
const LOG_LINES_MAX = 10_000;

type Of<K extends VertexEvent['kind']> = Extract<VertexEvent, { readonly kind: K }>;

export interface Step {
  readonly name: string;
  readonly startedMs: number;
  /** Absent while it runs. */
  end?: { readonly outcome: Of<'vertex-finished'>['outcome']; readonly atMs: number };
  /** Lines such as `transferring context: 12kB`; an unfinished one is replaced by the next. */
  readonly statuses: { text: string; done: boolean }[];
  /** Blobs on their way for this step, by digest. */
  readonly transfers: Map<string, TransferEvent>;
  readonly output: OutputLines;
  /** Each with the seconds since the step began. */
  readonly log: { readonly seconds: string; readonly text: string }[];
}

export class BuildBoard {
  /** In the order in which they began. */
  readonly steps: Step[] = [];
  readonly notes: NoteEvent[] = [];
  readonly warnings: { readonly diagnostic: Diagnostic; readonly file: SourceFile }[] = [];
  readonly #byNumber = new Map<number, Step>();
  #failed: Step | undefined;

  /** The last step that ended with an error. */
  get failed(): FailedStep | undefined {
    const step = this.#failed;
    return step && { name: step.name, log: step.log.map((line) => `${line.seconds} ${line.text}`) };
  }

  /** Takes note of one event. */
  readonly add = (event: Event): void => {
    if (event.kind === 'transfer') this.#latestRunning()?.transfers.set(event.digest, event);
    else if (event.kind === 'note') this.notes.push(event);
    else if (event.kind !== 'diagnostic') this.#addToStep(event);
    else if (event.diagnostic.severity !== 'error') this.warnings.push(event);
  };

  #addToStep(event: VertexEvent): void {
    if (event.kind === 'vertex-started') this.#start(event);
    const step = this.#byNumber.get(event.vertex);
    if (!step) return;
    if (event.kind === 'vertex-status') addStatus(step, event);
    if (event.kind === 'vertex-log') {
      addLines(step, step.output.push(event.stream, event.bytes), event.atMs);
    }
    if (event.kind === 'vertex-finished') {
      addLines(step, step.output.end(), event.atMs);
      step.end = { outcome: event.outcome, atMs: event.atMs };
      if (event.outcome === 'error') this.#failed = step;
    }
  }

  #start({ vertex, name, atMs }: Of<'vertex-started'>): void {
    const step: Step = {
      name,
      startedMs: atMs,
      statuses: [],
      transfers: new Map(),
      output: new OutputLines(),
      log: [],
    };
    this.steps.push(step);
    this.#byNumber.set(vertex, step);
  }

  /** Nobody says which step a blob is for; it is the one that began last. */
  #latestRunning(): Step | undefined {
    return this.steps.findLast(({ end }) => end === undefined);
  }
}

function addStatus(step: Step, { text, done }: Of<'vertex-status'>): void {
  const last = step.statuses.at(-1);
  if (last && !last.done) Object.assign(last, { text, done });
  else step.statuses.push({ text, done });
}

function addLines(step: Step, lines: readonly string[], atMs: number): void {
  const seconds = secondsText(atMs - step.startedMs, 3);
  for (const text of lines) step.log.push({ seconds, text });
  if (step.log.length > LOG_LINES_MAX) step.log.splice(0, step.log.length - LOG_LINES_MAX);
}
