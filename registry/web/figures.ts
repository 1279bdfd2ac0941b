/** Sizes, times and digests as people read them. */
import { type Html, html } from './html.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** docker's units, powers of 1000: `12.5 MB`. */
export function sizeText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const number = (bytes / 1000 ** power).toLocaleString('en', { maximumFractionDigits: 1 });
  return `${number} ${UNITS[power]}`;
}

/** `sha256:` and twelve digits. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(':');
  return digest.slice(0, colon + 13);
}

/** To the minute, in UTC; the rest for programs. */
export function timeText(timestamp: string | undefined): Html {
  if (timestamp === undefined) return html``;
  const atMs = Date.parse(timestamp);
  if (Number.isNaN(atMs)) return html`${timestamp}`;
  const text = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
  return html`<time datetime="${timestamp}">${text}</time>`;
}
