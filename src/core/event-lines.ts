/**
 * Events as lines of JSON, for logs on disk: written once while a build runs, read again by whatever
 * display is wanted later. Output that is text is kept as text; bytes that are none as base64. The text
 * of a source file stands in the first line that needs it.
 */
import type { Diagnostic, Severity } from './diagnostic.ts';
import { parseDigest } from './digest.ts';
import type { Event, TransferEvent, VertexEvent } from './events.ts';
import { ObjectReader, parseJson } from './json.ts';
import type { SourceFile } from './source.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Encodes the events of one log, in their order. */
export class EventLineWriter {
  readonly #files = new Set<string>();

  /** Without a newline at the end. */
  line(event: Event): string {
    if (event.kind === 'vertex-log') {
      const { bytes, ...rest } = event;
      return JSON.stringify({ ...rest, ...outputField(bytes) });
    }
    if (event.kind !== 'diagnostic') return JSON.stringify(event);
    const { name, text } = event.file;
    const isKnown = this.#files.has(name);
    this.#files.add(name);
    return JSON.stringify({ ...event, file: isKnown ? { name } : { name, text } });
  }
}

function outputField(bytes: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: UTF8.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}

/** Decodes the lines of one log, in their order. */
export class EventLineReader {
  readonly #files = new Map<string, SourceFile>();

  /** Undefined for a line of another kind. @throws JSON_INVALID */
  event(line: string): Event | undefined {
    const fields = new ObjectReader(parseJson(line, 'a line of a log'), 'a line of a log');
    const kind = fields.string('kind');
    switch (kind) {
      case 'note':
        return {
          kind,
          level: oneOf(fields, 'level', ['info', 'warning']),
          text: fields.string('text'),
        };
      case 'transfer':
        return transferIn(fields);
      case 'diagnostic': {
        const file = this.#file(fields.object('file'));
        return { kind, file, diagnostic: diagnosticIn(fields.object('diagnostic')) };
      }
      default:
        return vertexEventIn(kind, fields);
    }
  }

  #file(fields: ObjectReader): SourceFile {
    const name = fields.string('name');
    const text = fields.optionalString('text');
    const known = this.#files.get(name);
    if (known && text === undefined) return known;
    const file = { name, text: text ?? '' };
    this.#files.set(name, file);
    return file;
  }
}

function vertexEventIn(kind: string, fields: ObjectReader): VertexEvent | undefined {
  const place = () => ({ vertex: fields.size('vertex'), atMs: numberIn(fields, 'atMs') });
  switch (kind) {
    case 'vertex-started':
      return { kind, ...place(), name: fields.string('name') };
    case 'vertex-log': {
      const base64 = fields.optionalString('base64');
      const bytes = Buffer.from(
        base64 ?? fields.string('text'),
        base64 === undefined ? 'utf8' : 'base64',
      );
      return { kind, ...place(), stream: oneOf(fields, 'stream', ['stdout', 'stderr']), bytes };
    }
    case 'vertex-status':
      return {
        kind,
        ...place(),
        text: fields.string('text'),
        done: fields.optionalBoolean('done') ?? false,
      };
    case 'vertex-finished': {
      const message = fields.optionalString('message');
      const outcome = oneOf(fields, 'outcome', ['done', 'cached', 'error', 'cancelled']);
      return { kind, ...place(), outcome, ...(message === undefined ? {} : { message }) };
    }
    default:
      return undefined;
  }
}

function transferIn(fields: ObjectReader): TransferEvent {
  const total = fields.optionalNumber('total');
  return {
    kind: 'transfer',
    direction: oneOf(fields, 'direction', ['pull', 'push', 'load', 'copy']),
    digest: parseDigest(fields.string('digest')),
    state: oneOf(fields, 'state', [
      'waiting',
      'preparing',
      'transferring',
      'downloaded',
      'retrying',
      'done',
      'exists',
      'mounted',
    ]),
    current: numberIn(fields, 'current'),
    ...(total === undefined ? {} : { total }),
  };
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

function diagnosticIn(fields: ObjectReader): Diagnostic {
  const range = fields.object('range');
  const optional = (name: 'reason' | 'hint' | 'url') => {
    const text = fields.optionalString(name);
    return text === undefined ? {} : { [name]: text };
  };
  return {
    code: fields.string('code'),
    severity: oneOf(fields, 'severity', SEVERITIES),
    message: fields.string('message'),
    range: { start: range.size('start'), end: range.size('end') },
    ...optional('reason'),
    ...optional('hint'),
    ...optional('url'),
  };
}

function numberIn(fields: ObjectReader, name: string): number {
  return fields.optionalNumber(name) ?? fields.refuse(name, 'a number');
}

function oneOf<const T extends string>(fields: ObjectReader, name: string, words: readonly T[]): T {
  const text = fields.string(name);
  return words.find((word) => word === text) ?? fields.refuse(name, `one of ${words.join(', ')}`);
}
