/**
 * Draws the display of a build on a terminal, again and again in the same place: at most ten times
 * a second while there are events, and as often while there are none, for the seconds to pass.
 * What is drawn is build-screen.ts's business.
 */
import type { Event } from '#core/events.ts';
import { BuildBoard } from './build-board.ts';
import { screenLines } from './build-screen.ts';
import type { FailedStep } from './failed-step.ts';
import { warningsText } from './warnings.ts';

const FRAME_MS = 100;
/** Of a terminal that does not say. */
const COLUMNS = 80;
const ROWS = 24;

export interface Terminal {
  readonly write: (text: string) => void;
  /** As it is now; it may be resized. */
  readonly size: () => {
    readonly columns?: number | undefined;
    readonly rows?: number | undefined;
  };
  readonly nowMs: () => number;
  readonly colour: boolean;
}

export class TerminalProgress {
  readonly #terminal: Terminal;
  readonly #board = new BuildBoard();
  #timer: NodeJS.Timeout | undefined;
  /** Lines drawn last time, above the cursor. */
  #drawn = 0;
  /** What to add to an event's time to get ours. */
  #clockOffsetMs = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.resume();
  }

  /** Draws it as it is; nothing more until {@link resume}, which goes on below. */
  pause(): void {
    clearInterval(this.#timer);
    this.#draw(false);
    this.#drawn = 0;
  }

  resume(): void {
    this.#timer = setInterval(() => this.#draw(false), FRAME_MS);
    this.#timer.unref();
  }

  get failed(): FailedStep | undefined {
    return this.#board.failed;
  }

  readonly sink = (event: Event): void => {
    if ('atMs' in event) this.#clockOffsetMs = this.#terminal.nowMs() - event.atMs;
    this.#board.add(event);
  };

  /** Draws it a last time, whole; then what did not belong to a step. */
  finish(): void {
    clearInterval(this.#timer);
    this.#draw(true);
    const notes = this.#board.notes.map(({ level, text }) =>
      level === 'warning' ? `WARNING: ${text}\n` : `${text}\n`,
    );
    this.#terminal.write(notes.join('') + warningsText(this.#board.warnings));
  }

  #draw(isOver: boolean): void {
    if (this.#board.steps.length === 0) return;
    // Serial lines and some pseudo terminals say 0.
    const size = this.#terminal.size();
    const columns = size.columns || COLUMNS;
    const rows = size.rows || ROWS;
    const lines = screenLines(this.#board, {
      nowMs: this.#terminal.nowMs() - this.#clockOffsetMs,
      columns,
      // The cursor stands on the line below.
      ...(isOver ? {} : { rows: rows - 1 }),
      isOver,
      colour: this.#terminal.colour,
    });
    // What has scrolled out of the window cannot be reached.
    const up = Math.min(this.#drawn, rows - 1);
    const back = up === 0 ? '' : `\x1b[${up}A`;
    this.#terminal.write(
      `\x1b[?25l${back}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J\x1b[?25h`,
    );
    this.#drawn = lines.length;
  }
}
