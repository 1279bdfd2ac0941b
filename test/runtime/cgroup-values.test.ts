/** Version 1 numbers as version 2 has them: the ends, the usual values, and in between. */
import assert from 'node:assert/strict';
import { call, imitated } from '#test/helpers/imitated-machine.ts';

function convert(kind: string, numbers: readonly number[]): readonly number[] {
  return call('numbers', kind, ...numbers.map(String)).lines.map(Number);
}

imitated('cpu shares to weights: both ends and the usual value meet', () => {
  const shares = [0, 1, 2, 1024, 262_144, 1_000_000];
  assert.deepEqual(convert('shares', shares), [0, 1, 1, 100, 10_000, 10_000]);
});

imitated('cpu shares to weights: in between, a parabola of the logarithms', () => {
  const shares = [3, 10, 100, 512, 1023, 1025, 2048, 10_000, 65_536, 200_000];
  const weight = (count: number): number => {
    const l = Math.log2(count);
    return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
  };
  assert.deepEqual(convert('shares', shares), shares.map(weight));
});

imitated('more shares never weigh less', () => {
  const shares = Array.from({ length: 1000 }, (_, i) => 2 + i * 262);
  const weights = convert('shares', shares);
  assert.deepEqual(
    weights,
    weights.toSorted((a, b) => a - b),
  );
});

imitated('block weights: 10 to 1000 becomes 1 to 10000', () => {
  assert.deepEqual(convert('block', [0, 10, 100, 500, 1000]), [0, 1, 910, 4950, 10_000]);
});

imitated('memory and swap together to swap alone; -2 where that cannot be', () => {
  const pairs = [100, 300, 100, 100, 100, -1, -1, -1, -1, 100, 0, 100, 100, 50];
  assert.deepEqual(convert('swap', pairs), [200, 0, -1, -1, -2, -2, -2]);
});
