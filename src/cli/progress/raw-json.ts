/**
 * The build log as data: one JSON object a line, in the shape of BuildKit's SolveStatus
 * (api/services/control), as `docker build --progress rawjson` writes it. Bytes are base64.
 */
import { digestOf } from '#core/digest.ts';
import type { DiagnosticEvent, Event, VertexEvent } from '#core/events.ts';
import { positionAt } from '#core/source.ts';
import type { FailedStep } from './failed-step.ts';
import { PlainProgress } from './plain.ts';

interface StartedVertex {
  readonly digest: string;
  readonly name: string;
  readonly started: string;
}

export class RawJsonProgress {
  readonly #write: (text: string) => void;
  readonly #originMs: number;
  readonly #vertices = new Map<number, StartedVertex>();
  /** For the summary of a failure, which every display has. */
  readonly #plain = new PlainProgress(() => {});

  /** `originMs`: the time of day at which the engine's clock, of which events are, was 0. */
  constructor(write: (text: string) => void, originMs: number) {
    this.#write = write;
    this.#originMs = originMs;
  }

  get failed(): FailedStep | undefined {
    return this.#plain.failed;
  }

  readonly sink = (event: Event): void => {
    this.#plain.sink(event);
    if (event.kind === 'transfer') return;
    if (event.kind === 'diagnostic') this.#line({ warnings: [warningOf(event)] });
    else if (event.kind === 'note')
      this.#line({ warnings: [{ level: 1, short: base64(event.text) }] });
    else this.#onVertex(event);
  };

  finish(): void {}

  #onVertex(event: VertexEvent): void {
    const timestamp = new Date(this.#originMs + event.atMs).toISOString();
    const vertex = this.#vertex(event, timestamp);
    const { digest, name, started } = vertex;
    switch (event.kind) {
      case 'vertex-started':
        this.#line({ vertexes: [{ digest, name, started }] });
        break;
      case 'vertex-log': {
        const stream = event.stream === 'stdout' ? 1 : 2;
        const data = Buffer.from(event.bytes).toString('base64');
        this.#line({ logs: [{ vertex: digest, stream, data, timestamp }] });
        break;
      }
      case 'vertex-status': {
        const completed = event.done ? { completed: timestamp } : {};
        const status = { id: event.text, vertex: digest, name: event.text, current: 0 };
        this.#line({ statuses: [{ ...status, timestamp, started: timestamp, ...completed }] });
        break;
      }
      case 'vertex-finished': {
        const cached = event.outcome === 'cached' ? { cached: true } : {};
        const error = errorOf(event);
        const end = { completed: timestamp, ...cached, ...(error === undefined ? {} : { error }) };
        this.#line({ vertexes: [{ digest, name, started, ...end }] });
      }
    }
  }

  /** Steps have numbers here; what reads this wants digests. */
  #vertex(event: VertexEvent, timestamp: string): StartedVertex {
    const known = this.#vertices.get(event.vertex);
    if (known) return known;
    const name = event.kind === 'vertex-started' ? event.name : '';
    const vertex = { digest: digestOf(`${event.vertex} ${name}`), name, started: timestamp };
    this.#vertices.set(event.vertex, vertex);
    return vertex;
  }

  #line(status: object): void {
    this.#write(`${JSON.stringify(status)}\n`);
  }
}

function errorOf(event: Extract<VertexEvent, { kind: 'vertex-finished' }>): string | undefined {
  if (event.outcome === 'cancelled') return 'context canceled';
  return event.outcome === 'error' ? (event.message ?? 'failed') : undefined;
}

function warningOf({ diagnostic, file }: DiagnosticEvent): object {
  const { code, message, reason, hint, url, range } = diagnostic;
  const place = (offset: number) => {
    const { line, column } = positionAt(file, offset);
    return { line, character: column };
  };
  return {
    level: 1,
    short: base64(`${code}: ${message}`),
    detail: [reason, hint].flatMap((text) => (text === undefined ? [] : [base64(text)])),
    ...(url === undefined ? {} : { url }),
    sourceInfo: { filename: file.name, data: base64(file.text) },
    range: [{ start: place(range.start), end: place(range.end) }],
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
