/** Sizes and ages as docker writes them (its go-units package). Pure. */

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `88.5MB`, decimal units. `digits`: significant ones; docker uses 4, and 3 in `images`. */
export function humanSize(bytes: number, digits = 4): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < SIZE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${SIZE_UNITS[unit]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** `3 weeks`, `About a minute`; from whole seconds, rounded as docker rounds. */
export function humanDuration(seconds: number): string {
  if (seconds < 1) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < MINUTE) return `${Math.floor(seconds)} seconds`;
  const minutes = Math.floor(seconds / MINUTE);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / HOUR + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 7 * 2) return `${days} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(days / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(days / 30)} months`;
  return `${Math.floor(days / 365)} years`;
}

/** `3 weeks ago`, or `N/A` for a time that is absent, unreadable or before 1970. */
export function timeSince(timestamp: string | undefined, nowMs: number): string {
  const atMs = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  if (!(atMs >= 0)) return 'N/A';
  return `${humanDuration(Math.max(0, (nowMs - atMs) / 1000))} ago`;
}

/** `2026-11-21 07:49:27 +0000 UTC`, or `N/A`. */
export function timestampText(timestamp: string | undefined): string {
  const atMs = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  if (!(atMs >= 0)) return 'N/A';
  const [day = '', rest = ''] = new Date(atMs).toISOString().split('T');
  return `${day} ${rest.slice(0, 8)} +0000 UTC`;
}
