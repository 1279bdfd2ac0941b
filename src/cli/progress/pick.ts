/** Chooses the display for a command from its flags, the settings and the stream written to. */
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import { eventOriginMs } from '#engine/event-clock.ts';
import type { Host } from '../host.ts';
import type { CliSettings, ProgressMode } from '../settings.ts';
import type { Sections } from './ci-sections.ts';
import type { FailedStep } from './failed-step.ts';
import { PlainProgress } from './plain.ts';
import { QuietProgress } from './quiet.ts';
import { RawJsonProgress } from './raw-json.ts';
import { TerminalProgress } from './terminal.ts';
import { transferLines, transferScreen } from './transfer.ts';

/** The display of a build. */
export interface BuildProgress {
  readonly sink: EventSink;
  /** The step that failed, after an error. */
  readonly failed: FailedStep | undefined;
  /** Writes what comes after the last event. */
  finish(): void;
  /** Leaves the terminal to somebody else, and goes on below. Absent: it draws only what it is given. */
  pause?(): void;
  resume?(): void;
}

export interface BuildProgressOptions {
  readonly mode: ProgressMode;
  readonly host: Pick<Host, 'stderr' | 'nowMs'>;
  readonly settings: CliSettings;
  /** The log is for a CI system that folds steps. */
  readonly sections?: Sections;
}

/** Builds show their progress on stderr. @throws USAGE for `tty` where there is no terminal */
export function buildProgress({
  mode,
  host,
  settings,
  sections,
}: BuildProgressOptions): BuildProgress {
  const { stderr } = host;
  const write = (text: string): void => void stderr.write(text);
  if (mode === 'quiet') return new QuietProgress();
  if (mode === 'rawjson') return new RawJsonProgress(write, eventOriginMs());
  if (mode === 'tty' && stderr.isTTY !== true) {
    throw new SlipwayError('USAGE', 'progress "tty" needs a terminal as standard error', {
      hint: 'use --progress=plain, or auto, which finds out',
    });
  }
  const redraw = mode === 'tty' || (mode === 'auto' && stderr.isTTY === true && settings.redraw);
  if (!redraw) return new PlainProgress(write, sections);
  return new TerminalProgress({
    write,
    size: () => stderr,
    nowMs: host.nowMs,
    colour: settings.colour,
  });
}

export interface TransferProgressOptions {
  readonly stream: Host['stdout'];
  readonly nowMs: () => number;
  readonly settings: CliSettings;
}

/** Redrawn where the stream is a terminal and cursor movement is wanted, lines elsewhere. */
export function transferProgress(options: TransferProgressOptions): EventSink {
  const { stream, nowMs, settings } = options;
  const write = (text: string): void => void stream.write(text);
  return stream.isTTY === true && settings.redraw
    ? transferScreen({ write, size: () => stream, nowMs })
    : transferLines(write);
}
