/** Chooses the display for a command from its flags, the settings and the stream written to. */
import type { EventSink } from '#core/events.ts';
import type { Host } from '../host.ts';
import type { CliSettings, ProgressMode } from '../settings.ts';
import { type FailedStep, PlainProgress } from './plain.ts';
import { QuietProgress } from './quiet.ts';
import { transferLines, transferScreen } from './transfer.ts';

/** The display of a build. */
export interface BuildProgress {
  readonly sink: EventSink;
  /** The step that failed, after an error. */
  readonly failed: FailedStep | undefined;
  /** Writes what comes after the last event. */
  finish(): void;
}

/** Builds show their progress on stderr. */
export function buildProgress(mode: ProgressMode, host: Host): BuildProgress {
  return mode === 'quiet'
    ? new QuietProgress()
    : new PlainProgress((text) => void host.stderr.write(text));
}

/** Redrawn where the stream is a terminal and cursor movement is wanted, lines elsewhere. */
export function transferProgress(stream: Host['stdout'], settings: CliSettings): EventSink {
  const write = (text: string): void => void stream.write(text);
  return stream.isTTY === true && settings.ansi ? transferScreen(write) : transferLines(write);
}
