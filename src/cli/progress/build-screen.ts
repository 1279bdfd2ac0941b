/**
 * BuildKit's terminal display of a build as lines: a header with the seconds and steps so far, one
 * line per step with its own seconds, below a running one its progress and its last lines of
 * output. A pure function of the board, the time and the size of the terminal.
 */
import type { TransferEvent } from '#core/events.ts';
import { humanSize } from '../format.ts';
import type { BuildBoard, Step } from './build-board.ts';
import { secondsText } from './failed-step.ts';
import { fitWidth, plainLine, textWidth } from './text-width.ts';

/** Last lines of output shown below a running step. */
const LOG_LINES = 6;

export interface ScreenView {
  /** The engine's clock. */
  readonly nowMs: number;
  readonly columns: number;
  /** Lines that fit; the steps that ended first make room. Absent: all of them. */
  readonly rows?: number;
  /** Nothing will follow. */
  readonly isOver: boolean;
  readonly colour: boolean;
}

/** One string per line, none wider than the terminal. */
export function screenLines(board: BuildBoard, view: ScreenView): readonly string[] {
  const blocks = board.steps.map((step) => ({
    running: step.end === undefined,
    lines: stepLines(step, view),
  }));
  return [headerLine(board, view), ...roomFor(blocks, view.rows)];
}

interface Block {
  readonly running: boolean;
  readonly lines: readonly string[];
}

/** Drops steps that have ended, the oldest first; then what is above the last lines. */
function roomFor(blocks: readonly Block[], rows: number | undefined): readonly string[] {
  const all = blocks.flatMap(({ lines }) => lines);
  const room = rows === undefined ? all.length : Math.max(1, rows - 1);
  let surplus = all.length - room;
  const kept = blocks.filter(({ running, lines }) => {
    if (surplus <= 0 || running) return true;
    surplus -= lines.length;
    return false;
  });
  return kept.flatMap(({ lines }) => lines).slice(-room);
}

function headerLine({ steps }: BuildBoard, view: ScreenView): string {
  const ended = steps.filter(({ end }) => end !== undefined);
  const startMs = steps[0]?.startedMs ?? view.nowMs;
  const endMs = view.isOver
    ? Math.max(startMs, ...ended.map(({ end }) => end?.atMs ?? startMs))
    : view.nowMs;
  const text = `[+] Building ${secondsText(endMs - startMs, 1)}s (${ended.length}/${steps.length})`;
  return fitWidth(view.isOver ? `${text} FINISHED` : text, view.columns);
}

function stepLines(step: Step, view: ScreenView): readonly string[] {
  const { end, startedMs } = step;
  const time = `${secondsText((end?.atMs ?? view.nowMs) - startedMs, 1)}s`;
  const mark = markOf(step);
  const title = paint(withTime(` => ${mark}${plainLine(step.name)}`, time, view), step, view);
  const details = [
    ...step.statuses.map(({ text, done }) => (done ? `${text} done` : text)),
    ...[...step.transfers.values()].map(transferText),
  ].map((text) => paint(fitWidth(` => => ${plainLine(text)}`, view.columns), step, view));
  const output = end ? [] : step.log.slice(-LOG_LINES);
  return [
    title,
    ...details,
    ...output.map(({ text }) => fitWidth(` => => # ${plainLine(text)}`, view.columns)),
  ];
}

function markOf({ end }: Step): string {
  if (end?.outcome === 'cached') return 'CACHED ';
  if (end?.outcome === 'error') return 'ERROR ';
  return end?.outcome === 'cancelled' ? 'CANCELED ' : '';
}

/** The time at the right edge; a name that is too long loses its end, not the time. */
function withTime(text: string, time: string, { columns }: ScreenView): string {
  const room = Math.max(0, columns - time.length - 1);
  const shown = fitWidth(text, room);
  return `${shown}${' '.repeat(room - textWidth(shown))} ${time}`;
}

function transferText({ digest, state, current, total }: TransferEvent): string {
  if (state === 'exists' || state === 'mounted') return `${digest} exists`;
  if (state === 'retrying') return `${digest} retrying`;
  const of = total === undefined ? '' : ` / ${humanSize(total)}`;
  return `${digest} ${humanSize(current)}${of}${state === 'done' ? ' done' : ''}`;
}

const BLUE = 34;
const YELLOW = 33;
const RED = 31;

function paint(line: string, { end }: Step, { colour }: ScreenView): string {
  if (!colour || !end) return line;
  const code = end.outcome === 'error' ? RED : end.outcome === 'cancelled' ? YELLOW : BLUE;
  return `\x1b[${code}m${line}\x1b[0m`;
}
