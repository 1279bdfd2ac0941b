/**
 * How often an address may be wrong: after that many wrong passwords within a minute the next ones
 * are not even looked at. By address only: a limit by user would let anybody lock others out.
 */
import { isIPv6 } from 'node:net';
import { Refusal } from '../errors.ts';

const WINDOW_MS = 60_000;
const FAILURES_MAX = 20;
const ADDRESSES_MAX = 100_000;

interface Window {
  readonly startedAtMs: number;
  failures: number;
}

export class FailureLimit {
  readonly #windows = new Map<string, Window>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** @throws Refusal TOOMANYREQUESTS with Retry-After */
  check(address: string): void {
    const window = this.#current(networkOf(address));
    if (!window || window.failures < FAILURES_MAX) return;
    const seconds = Math.ceil((window.startedAtMs + WINDOW_MS - this.#nowMs()) / 1000);
    throw new Refusal('TOOMANYREQUESTS', `too many wrong passwords: try again in ${seconds} s`, {
      headers: { 'retry-after': String(seconds) },
    });
  }

  count(address: string): void {
    const network = networkOf(address);
    const window = this.#current(network) ?? { startedAtMs: this.#nowMs(), failures: 0 };
    window.failures += 1;
    this.#windows.set(network, window);
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size <= ADDRESSES_MAX) break;
      this.#windows.delete(oldest);
    }
  }

  #current(network: string): Window | undefined {
    const window = this.#windows.get(network);
    if (!window || this.#nowMs() - window.startedAtMs < WINDOW_MS) return window;
    this.#windows.delete(network);
    return undefined;
  }
}

/** Who has one IPv6 address has the whole /64 around it. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(Math.max(0, zeros)).fill('0'), ...last];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
