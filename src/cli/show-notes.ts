/** What the engine mentions in passing, for commands without a progress display: lines on stderr. */
import type { EventSink } from '#core/events.ts';
import type { Host } from './host.ts';

export function showNotes({ stderr }: Pick<Host, 'stderr'>): EventSink {
  return (event) => {
    if (event.kind === 'note') stderr.write(noteLine(event.text, event.level));
  };
}

export function noteLine(text: string, level: 'info' | 'warning'): string {
  return level === 'warning' ? `WARNING: ${text}\n` : `${text}\n`;
}
