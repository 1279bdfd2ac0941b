/** Passes on `Warning: 299` headers (distribution-spec §Warnings), each text once; never acts on them. */
import type { EventSink } from '#core/events.ts';
import { headerOf, type Interceptor } from './exchange.ts';

const WARNINGS_MAX = 32;
/** `299 - "text"`: the only form the specification allows. */
const WARNING = /299 - "((?:[^"\\]|\\.)*)"/g;

export function reportingWarnings(registry: string, events: EventSink): Interceptor {
  const seen = new Set<string>();
  return (next) => async (call) => {
    const answer = await next(call);
    for (const text of warningsIn(headerOf(answer, 'warning') ?? '')) {
      if (seen.has(text) || seen.size >= WARNINGS_MAX) continue;
      seen.add(text);
      events({ kind: 'note', level: 'warning', text: `${registry}: ${text}` });
    }
    return answer;
  };
}

function warningsIn(header: string): string[] {
  return [...header.matchAll(WARNING)].map(([, text = '']) =>
    text.replaceAll(/\\(.)/g, '$1').replaceAll(/\p{Cc}+/gu, ' '),
  );
}
