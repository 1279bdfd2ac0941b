/**
 * How many requests a registry still grants (`RateLimit-Limit`, `RateLimit-Remaining`, as Docker Hub
 * sends them): told once when it gets tight, and in the refusal when nothing is left.
 */
import type { EventSink } from '#core/events.ts';
import { type Answer, headerOf, type Interceptor } from './exchange.ts';

/** Below this part of the limit somebody may want to know. */
const TIGHT = 0.2;

export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** Of the window; absent: the registry does not say. */
  readonly seconds?: number;
}

/** `100;w=21600`; undefined unless both headers are there. */
export function rateLimitOf(answer: Answer): RateLimit | undefined {
  const limit = parse(headerOf(answer, 'ratelimit-limit'));
  const remaining = parse(headerOf(answer, 'ratelimit-remaining'));
  if (!limit || !remaining) return undefined;
  const seconds = limit.seconds ?? remaining.seconds;
  return {
    limit: limit.count,
    remaining: remaining.count,
    ...(seconds === undefined ? {} : { seconds }),
  };
}

function parse(header: string | undefined): { count: number; seconds?: number } | undefined {
  const [, count, seconds] = /^\s*(\d{1,12})(?:\s*;\s*w=(\d{1,9}))?/.exec(header ?? '') ?? [];
  if (count === undefined) return undefined;
  return { count: Number(count), ...(seconds === undefined ? {} : { seconds: Number(seconds) }) };
}

/** `12 of 100 requests left in this window of 6 hours` */
export function rateLimitText({ limit, remaining, seconds }: RateLimit): string {
  const window = seconds === undefined ? '' : ` in this window of ${duration(seconds)}`;
  return `${remaining} of ${limit} requests left${window}`;
}

function duration(seconds: number): string {
  const [size, unit] =
    seconds >= 3600 ? [3600, 'hour'] : seconds >= 60 ? [60, 'minute'] : [1, 'second'];
  const count = Math.round(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

export function reportingRateLimit(registry: string, events: EventSink): Interceptor {
  let isTold = false;
  return (next) => async (call) => {
    const answer = await next(call);
    const rate = rateLimitOf(answer);
    if (rate && !isTold && rate.remaining < rate.limit * TIGHT) {
      isTold = true;
      events({ kind: 'note', level: 'warning', text: `${registry}: ${rateLimitText(rate)}` });
    }
    return answer;
  };
}
