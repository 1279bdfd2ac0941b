/** Sizes and ages in docker's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanDuration, humanSize, timeSince, timestampText } from '#cli/format.ts';

const SIZES: readonly (readonly [bytes: number, text: string])[] = [
  [0, '0B'],
  [227, '227B'],
  [1000, '1kB'],
  [12_345, '12.35kB'],
  [88_500_000, '88.5MB'],
  [999_960, '1000kB'],
  [1_234_567_890, '1.235GB'],
  [5e18, '5000PB'],
];

for (const [bytes, text] of SIZES) {
  test(`${bytes} bytes are ${text}`, () => assert.equal(humanSize(bytes), text));
}

test('images show three digits', () => assert.equal(humanSize(4_567_890, 3), '4.57MB'));

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const DURATIONS: readonly (readonly [seconds: number, text: string])[] = [
  [0.5, 'Less than a second'],
  [1, '1 second'],
  [59.9, '59 seconds'],
  [MINUTE, 'About a minute'],
  [2 * MINUTE, '2 minutes'],
  [59 * MINUTE, '59 minutes'],
  [HOUR, 'About an hour'],
  [1.6 * HOUR, '2 hours'],
  [47 * HOUR, '47 hours'],
  [2 * DAY, '2 days'],
  [13 * DAY, '13 days'],
  [21 * DAY, '3 weeks'],
  [61 * DAY, '2 months'],
  [729 * DAY, '24 months'],
  [3 * 365 * DAY, '3 years'],
];

for (const [seconds, text] of DURATIONS) {
  test(`${seconds} seconds are "${text}"`, () => assert.equal(humanDuration(seconds), text));
}

test('a time since, and what has none', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  assert.equal(timeSince('2026-10-31T12:00:00Z', now), '3 weeks ago');
  assert.equal(timeSince('2026-11-21T13:00:00Z', now), 'Less than a second ago');
  assert.equal(timeSince(undefined, now), 'N/A');
  assert.equal(timeSince('0001-01-01T00:00:00Z', now), 'N/A');
  assert.equal(timeSince('yesterday', now), 'N/A');
  assert.equal(timestampText('2026-10-31T12:34:56.789Z'), '2026-10-31 12:34:56 +0000 UTC');
  assert.equal(timestampText(undefined), 'N/A');
});
