/** `--ulimit nofile=1024:2048`, as docker's go-units reads it. */
import type { Ulimit } from '#core/container-limits.ts';
import { SlipwayError } from '#core/errors.ts';

/** The kernel's limits by docker's names; with RLIMIT_ in front they are the specification's. */
const NAMES = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile'],
  ...['nproc', 'rss', 'rtprio', 'rttime', 'sigpending', 'stack'],
];

/** One value is both limits; -1 is no limit. @throws USAGE */
export function parseUlimit(value: string): Ulimit {
  const [name = '', limits, ...more] = value.split('=');
  if (limits === undefined || more.length > 0) throw invalid(`invalid ulimit argument: ${value}`);
  if (!NAMES.includes(name)) {
    throw invalid(`invalid ulimit type: ${name}`, `one of ${NAMES.join(', ')}`);
  }
  const numbers = limits.split(':').map((limit) => parseLimit(limit, value));
  const [soft = -1, hard = soft] = numbers;
  if (numbers.length > 2) {
    throw invalid(`too many limit values - ${limits}, can only have up to two, \`soft[:hard]\``);
  }
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { name, soft, hard };
}

function parseLimit(limit: string, value: string): number {
  const number = /^(-1|\d+)$/.test(limit) ? Number(limit) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw invalid(`invalid ulimit argument: ${value}`, 'write numbers: nofile=1024:2048');
}

function invalid(message: string, hint?: string): SlipwayError {
  return new SlipwayError('USAGE', message, hint === undefined ? {} : { hint });
}
