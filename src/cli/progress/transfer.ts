/**
 * docker's lines for pull, push and load, and their like for copy: one per layer, named by its digest's first 12 digits. On a
 * terminal each line is redrawn in place with a bar; elsewhere a line is printed when its words
 * change. The image's config is not listed. Functions of the events and the time only.
 */
import { shortId } from '#core/digest.ts';
import type { Event, EventSink, TransferEvent } from '#core/events.ts';
import { humanSize } from '../format.ts';
import { fitWidth } from './text-width.ts';

const BAR_WIDTH = 50;
/** On narrower terminals the bar would not fit beside the numbers; docker's limit. */
const BAR_COLUMNS_MIN = 110;
/** A layer's bytes are redrawn no more often; changes of state are shown at once. */
const FRAME_MS = 100;

type Write = (text: string) => void;

/** Where transferScreen draws. */
export interface TransferTerminal {
  readonly write: Write;
  /** As it is now; it may be resized. Unknown: 80 by 24. */
  readonly size: () => {
    readonly columns?: number | undefined;
    readonly rows?: number | undefined;
  };
  readonly nowMs: () => number;
}

/** One line per change of words; no progress, as it would flood a log. */
export function transferLines(write: Write): EventSink {
  const shown = new Map<string, string>();
  return (event) => {
    if (event.kind !== 'transfer') {
      writeNote(event, write);
      return;
    }
    if (event.state === 'transferring' || event.role === 'config') return;
    const text = statusText(event);
    if (shown.get(event.digest) === text) return;
    shown.set(event.digest, text);
    write(`${shortId(event.digest)}: ${text}\n`);
  };
}

interface Row {
  readonly row: number;
  text: string;
  drawnMs: number;
}

/** Lines redrawn in place, for a terminal that understands cursor movement. */
export function transferScreen({ write, size, nowMs }: TransferTerminal): EventSink {
  const layers = new Map<string, Row>();
  let rows = 0;
  return (happened) => {
    if (happened.kind !== 'transfer') {
      rows += writeNote(happened, write);
      return;
    }
    const event = happened.direction === 'load' ? loadingEvent(happened) : happened;
    if (!event || event.role === 'config') return;
    // Serial lines and some pseudo terminals say 0.
    const found = size();
    const columns = found.columns || 80;
    const height = found.rows || 24;
    const words = `${shortId(event.digest)}: ${statusText(event)}`;
    const text = fitWidth(`${words}${progressText(event, columns)}`, columns);
    const layer = layers.get(event.digest);
    if (!layer) {
      layers.set(event.digest, { row: rows++, text, drawnMs: nowMs() });
      write(`${text}\n`);
      return;
    }
    const isSameState = layer.text.startsWith(words) && event.current !== event.total;
    if (layer.text === text || (isSameState && nowMs() - layer.drawnMs < FRAME_MS)) return;
    layer.text = text;
    layer.drawnMs = nowMs();
    const up = rows - layer.row;
    // What has scrolled out of the window cannot be reached.
    if (up < height) write(`\x1b[${up}A\r\x1b[2K${text}\x1b[${up}B\r`);
  };
}

/**
 * ` [=====>   ]  12.3MB/45.6MB`; without the bar where it has no room, and only the bytes so far
 * when nobody knows the total.
 */
export function progressText(event: TransferEvent, columns: number): string {
  const { state, current, total } = event;
  if (state !== 'transferring') return '';
  if (total === undefined || total === 0) return ` ${humanSize(current).padStart(8)}`;
  const numbers = `${humanSize(current).padStart(8)}/${humanSize(total)}`;
  if (columns < BAR_COLUMNS_MIN) return ` ${numbers}`;
  const filled = Math.min(BAR_WIDTH, Math.floor((current / total) * BAR_WIDTH));
  return ` [${'='.repeat(filled)}>${' '.repeat(BAR_WIDTH - filled)}] ${numbers}`;
}

const PULL_WORDS: Readonly<Record<TransferEvent['state'], string>> = {
  waiting: 'Pulling fs layer',
  preparing: 'Waiting',
  transferring: 'Downloading',
  downloaded: 'Download complete',
  retrying: 'Retrying',
  done: 'Pull complete',
  exists: 'Already exists',
  mounted: 'Already exists',
};

const PUSH_WORDS: Readonly<Record<TransferEvent['state'], string>> = {
  waiting: 'Preparing',
  preparing: 'Preparing',
  transferring: 'Pushing',
  downloaded: 'Pushing',
  retrying: 'Retrying',
  done: 'Pushed',
  exists: 'Layer already exists',
  mounted: 'Mounted',
};

const COPY_WORDS: Readonly<Record<TransferEvent['state'], string>> = {
  waiting: 'Waiting',
  preparing: 'Waiting',
  transferring: 'Copying',
  downloaded: 'Copying',
  retrying: 'Retrying',
  done: 'Copied',
  exists: 'Already exists',
  mounted: 'Mounted',
};

/** docker shows layers that are loaded, until the end as a bar, and nothing of those it had. */
function loadingEvent(event: TransferEvent): TransferEvent | undefined {
  switch (event.state) {
    case 'transferring':
      return event;
    case 'done':
      return { ...event, state: 'transferring' };
    default:
      return undefined;
  }
}

function statusText({ direction, state, from }: TransferEvent): string {
  if (direction === 'pull') return PULL_WORDS[state];
  if (direction === 'load') return 'Loading layer';
  if (state === 'mounted' && from !== undefined) return `Mounted from ${from}`;
  return direction === 'copy' ? COPY_WORDS[state] : PUSH_WORDS[state];
}

/** The number of lines written. */
function writeNote(event: Event, write: Write): number {
  if (event.kind !== 'note' || event.level !== 'warning') return 0;
  write(`WARNING: ${event.text}\n`);
  return 1;
}
