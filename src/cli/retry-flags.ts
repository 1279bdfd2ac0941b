/** `--retry` and `--retry-delay`: how patient the client of registries is. */
import { SlipwayError } from '#core/errors.ts';
import { parseDuration } from '#dockerfile/duration.ts';
import type { Settings } from '#engine.ts';
import { text } from './flags.ts';

export const RETRY_FLAGS = {
  retry: text({
    description: 'How often to ask a registry again that fails (4)',
    helpValue: 'number',
  }),
  'retry-delay': text({
    description: 'The pause before that, such as 2s; else longer and longer ones',
    helpValue: 'duration',
  }),
};

export interface RetryFlags {
  readonly retry?: string | undefined;
  readonly 'retry-delay'?: string | undefined;
}

/** As many as without the flag. */
const RETRIES = 4;
const RETRIES_MAX = 100;
const DELAY_MS_MAX = 3_600_000;

/** Undefined without either. @throws USAGE */
export function retryIn({ retry, 'retry-delay': delay }: RetryFlags): Settings['retry'] {
  if (retry === undefined && delay === undefined) return undefined;
  const count = retry === undefined ? RETRIES : countIn(retry);
  return { count, ...(delay === undefined ? {} : { delayMs: delayIn(delay) }) };
}

function countIn(word: string): number {
  const count = /^\d{1,3}$/.test(word) ? Number(word) : Number.NaN;
  if (count <= RETRIES_MAX) return count;
  throw new SlipwayError('USAGE', `invalid argument "${word}" for "--retry": not a number`, {
    hint: `write a number from 0 to ${RETRIES_MAX}`,
  });
}

function delayIn(word: string): number {
  const parsed = parseDuration(word);
  const delayMs = 'error' in parsed ? Number.NaN : parsed.nanoseconds / 1e6;
  if (delayMs >= 0 && delayMs <= DELAY_MS_MAX) return delayMs;
  const problem = 'error' in parsed ? parsed.error : 'from 0s to 1h';
  throw new SlipwayError('USAGE', `invalid argument "${word}" for "--retry-delay": ${problem}`, {
    hint: 'write a time such as 2s',
  });
}
