/**
 * THE place that knows how long is waited before what is tried again: exponential back-off with full
 * jitter, Retry-After honoured, a bounded number of attempts. As an interceptor it sends calls again
 * that can be sent again. What breaks later is gone on with by blob-read.ts (within a body that comes)
 * and blob-send.ts (within an upload), each for its own part, with the pauses of here.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import { cancelledBy } from './errors.ts';
import { type Answer, type Call, type Exchange, headerOf, type Interceptor } from './exchange.ts';

export interface RetryPolicy {
  /** All attempts, the first included. */
  readonly attemptsMax: number;
  /** Upper end of the first pause; doubles with each. */
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
  /** A registry asking for more patience than this gets its answer reported instead. */
  readonly retryAfterMsMax: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly sleep: (delayMs: number, signal?: AbortSignal) => Promise<void>;
  /** Milliseconds since the epoch, for Retry-After dates. */
  readonly now: () => number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attemptsMax: 5,
  firstDelayMs: 500,
  delayMsMax: 15_000,
  retryAfterMsMax: 60_000,
  random: Math.random,
  sleep: async (delayMs, signal) => {
    try {
      await sleepFor(delayMs, undefined, signal ? { signal } : {});
    } catch (cause) {
      if (signal?.aborted) throw cancelledBy(signal);
      throw cause;
    }
  },
  now: Date.now,
};

/** Statuses that speak of the moment, not of the request. */
const TRANSIENT_STATUSES: readonly number[] = [408, 429, 500, 502, 503, 504];

/** True for answers that another attempt may not meet. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.includes(status);
}

export interface RetryOptions {
  /** Told before each pause. */
  readonly onRetry?: (delayMs: number, attempt: number) => void;
  /** True while connections that fail are somebody else's to try again; answers are tried again here. */
  readonly answersOnly?: () => boolean;
}

export function retrying(
  policy: RetryPolicy,
  { onRetry = () => {}, answersOnly = () => false }: RetryOptions = {},
): Interceptor {
  return (next) => async (call) => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await attemptOf(next, call);
      if (outcome.kind === 'error' && answersOnly()) throw outcome.error;
      const delayMs = call.isRepeatable ? delayAfter(outcome, attempt, policy) : undefined;
      if (delayMs === undefined) return settle(outcome);
      if (outcome.kind === 'answer') await outcome.answer.discard();
      onRetry(delayMs, attempt);
      await policy.sleep(delayMs, call.signal);
    }
  };
}

type Outcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'error'; readonly error: unknown };

async function attemptOf(next: Exchange, call: Call): Promise<Outcome> {
  try {
    return { kind: 'answer', answer: await next(call) };
  } catch (error) {
    return { kind: 'error', error };
  }
}

function settle(outcome: Outcome): Answer {
  if (outcome.kind === 'error') throw outcome.error;
  return outcome.answer;
}

/** How long to wait before the next attempt; undefined: this outcome stands. */
function delayAfter(outcome: Outcome, attempt: number, policy: RetryPolicy): number | undefined {
  if (outcome.kind === 'error') {
    return isTransient(outcome.error) ? delayBefore(attempt + 1, policy) : undefined;
  }
  if (!isTransientStatus(outcome.answer.status)) return undefined;
  return delayBefore(attempt + 1, policy, headerOf(outcome.answer, 'retry-after'));
}

/**
 * How long to wait before an attempt, the second or a later one; undefined: there is none any more, or
 * the registry asks for more patience (`retryAfter`, its header) than we have.
 */
export function delayBefore(
  attempt: number,
  policy: RetryPolicy,
  retryAfter?: string,
): number | undefined {
  if (attempt > policy.attemptsMax) return undefined;
  const askedMs = retryAfterMs(retryAfter, policy.now());
  if (askedMs === undefined) return backOff(attempt - 1, policy);
  return askedMs <= policy.retryAfterMsMax ? askedMs : undefined;
}

/** Full jitter: anything from nothing to the doubled bound, so that many clients spread out. */
function backOff(attempt: number, policy: RetryPolicy): number {
  const bound = Math.min(policy.delayMsMax, policy.firstDelayMs * 2 ** (attempt - 1));
  return Math.floor(policy.random() * bound);
}

/** True for failures of the connection that another attempt may not meet. */
export function isTransient(error: unknown): error is SlipwayError {
  return isSlipwayError(error, 'REGISTRY_UNREACHABLE') && error.detail.transient === true;
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); undefined when absent or neither. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
