/** Which nodes of a graph reach each other, against asking each pair. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { circlesOf } from '#build/stage-circles.ts';

test('nodes share a number exactly if each reaches the other', () => {
  const graph = fc.integer({ min: 1, max: 8 }).chain((size) => {
    const targets = fc.array(fc.integer({ min: 0, max: size - 1 }), { maxLength: 4 });
    return fc.array(targets, { minLength: size, maxLength: size });
  });
  fc.assert(
    fc.property(graph, (edges) => {
      const circles = circlesOf(edges);
      const reached = edges.map((_, start) => reachedFrom(start, edges));
      for (const left of edges.keys()) {
        for (const right of edges.keys()) {
          const expected =
            left === right || (reached[left]?.has(right) && reached[right]?.has(left));
          assert.equal(circles[left] === circles[right], Boolean(expected));
        }
      }
    }),
  );
});

test('a chain as long as any file needs no stack', () => {
  const size = 200_000;
  const chain = Array.from({ length: size }, (_, node) => [(node + 1) % size]);
  assert.equal(new Set(circlesOf(chain)).size, 1);
});

function reachedFrom(start: number, edges: readonly (readonly number[])[]): ReadonlySet<number> {
  const reached = new Set<number>();
  const pending = [...(edges[start] ?? [])];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    pending.push(...(edges[node] ?? []));
  }
  return reached;
}
