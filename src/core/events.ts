/**
 * What happens, as data. The engine never prints: tty, plain, rawjson and quiet displays and the
 * test recorder are sinks of this one stream. Times are milliseconds of the engine's clock.
 */
import type { Diagnostic } from './diagnostic.ts';
import type { Digest } from './digest.ts';
import type { SourceFile } from './source.ts';

export type Event = VertexEvent | TransferEvent | DiagnosticEvent | NoteEvent;

/** A build step's life. `vertex` is its number from 1, in the order of their start. */
export type VertexEvent =
  | {
      readonly kind: 'vertex-started';
      readonly vertex: number;
      readonly name: string;
      readonly atMs: number;
    }
  | {
      readonly kind: 'vertex-log';
      readonly vertex: number;
      readonly stream: 'stdout' | 'stderr';
      /** As the process wrote it; not cut at lines. */
      readonly bytes: Uint8Array;
      readonly atMs: number;
    }
  | {
      /** A line of progress within a step, such as `transferring context: 12kB`. */
      readonly kind: 'vertex-status';
      readonly vertex: number;
      readonly text: string;
      readonly done: boolean;
      readonly atMs: number;
    }
  | {
      readonly kind: 'vertex-finished';
      readonly vertex: number;
      readonly outcome: 'done' | 'cached' | 'error' | 'cancelled';
      /** For `error`: the first line. */
      readonly message?: string;
      readonly atMs: number;
    };

/** One blob on its way between two repositories. `total` is undefined when nobody knows. */
export interface TransferEvent {
  readonly kind: 'transfer';
  readonly direction: 'pull' | 'push' | 'load' | 'copy';
  readonly digest: Digest;
  /** What it is to the image; displays list layers as docker does. Absent: unknown. */
  readonly role?: 'layer' | 'config';
  readonly state:
    | 'waiting'
    | 'preparing'
    | 'transferring'
    /** All bytes are here; they are still being opened and checked. */
    | 'downloaded'
    | 'retrying'
    | 'done'
    | 'exists'
    | 'mounted';
  readonly current: number;
  readonly total?: number;
  /** For `mounted`: the repository it was taken from, if known. */
  readonly from?: string;
}

export interface DiagnosticEvent {
  readonly kind: 'diagnostic';
  readonly diagnostic: Diagnostic;
  readonly file: SourceFile;
}

/** Something a user may want to know once: a fall-back taken, a skipped file. */
export interface NoteEvent {
  readonly kind: 'note';
  readonly level: 'info' | 'warning';
  readonly text: string;
}

/** Receives events in order; must not throw and must not block. */
export type EventSink = (event: Event) => void;

/** For callers that do not care. */
export const ignoreEvents: EventSink = () => {};
