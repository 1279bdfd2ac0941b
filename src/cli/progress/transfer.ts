/**
 * docker's lines for pull and push: one per layer, named by its digest's first 12 digits. On a
 * terminal each line is redrawn in place with a bar; elsewhere a line is printed when its words
 * change. Pure functions of the events.
 */
import { shortId } from '#core/digest.ts';
import type { Event, EventSink, TransferEvent } from '#core/events.ts';
import { humanSize } from '../format.ts';

const BAR_WIDTH = 50;

type Write = (text: string) => void;

/** One line per change of words; no progress, as it would flood a log. */
export function transferLines(write: Write): EventSink {
  const shown = new Map<string, string>();
  return (event) => {
    if (event.kind !== 'transfer') {
      writeNote(event, write);
      return;
    }
    if (event.state === 'transferring') return;
    const text = statusText(event);
    if (shown.get(event.digest) === text) return;
    shown.set(event.digest, text);
    write(`${shortId(event.digest)}: ${text}\n`);
  };
}

/** Lines redrawn in place, for a terminal that understands cursor movement. */
export function transferScreen(write: Write): EventSink {
  const rows = new Map<string, { readonly row: number; text: string }>();
  return (event) => {
    if (event.kind !== 'transfer') {
      writeNote(event, write);
      return;
    }
    const text = `${shortId(event.digest)}: ${statusText(event)}${progressText(event)}`;
    const line = rows.get(event.digest);
    if (!line) {
      rows.set(event.digest, { row: rows.size, text });
      write(`${text}\n`);
    } else if (line.text !== text) {
      line.text = text;
      const up = rows.size - line.row;
      write(`\x1b[${up}A\r\x1b[2K${text}\x1b[${up}B\r`);
    }
  };
}

/** ` [=====>   ]  12.3MB/45.6MB`, or only the bytes so far when nobody knows the total. */
export function progressText({ state, current, total }: TransferEvent): string {
  if (state !== 'transferring') return '';
  if (total === undefined || total === 0) return ` ${humanSize(current).padStart(8)}`;
  const filled = Math.min(BAR_WIDTH, Math.floor((current / total) * BAR_WIDTH));
  const bar = `${'='.repeat(filled)}>${' '.repeat(BAR_WIDTH - filled)}`;
  return ` [${bar}] ${humanSize(current).padStart(8)}/${humanSize(total)}`;
}

const PULL_WORDS: Readonly<Record<TransferEvent['state'], string>> = {
  waiting: 'Pulling fs layer',
  preparing: 'Waiting',
  transferring: 'Downloading',
  retrying: 'Retrying',
  done: 'Pull complete',
  exists: 'Already exists',
  mounted: 'Already exists',
};

const PUSH_WORDS: Readonly<Record<TransferEvent['state'], string>> = {
  waiting: 'Waiting',
  preparing: 'Preparing',
  transferring: 'Pushing',
  retrying: 'Retrying',
  done: 'Pushed',
  exists: 'Layer already exists',
  mounted: 'Mounted',
};

function statusText({ direction, state, from }: TransferEvent): string {
  if (direction === 'pull') return PULL_WORDS[state];
  return state === 'mounted' && from !== undefined ? `Mounted from ${from}` : PUSH_WORDS[state];
}

function writeNote(event: Event, write: Write): void {
  if (event.kind === 'note' && event.level === 'warning') write(`WARNING: ${event.text}\n`);
}
