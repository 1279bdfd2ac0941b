/** The clock of events, in milliseconds. Not `performance`: 2 ms to load, of a start that takes 80. */

export function eventNowMs(): number {
  return process.uptime() * 1000;
}

/** Milliseconds since 1970 when it was 0. */
export function eventOriginMs(): number {
  return Date.now() - eventNowMs();
}
