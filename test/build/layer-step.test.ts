/** When a step that is in the cache is done again all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cannotRunContainers, withEngine } from '#test/helpers/engine.ts';

const skip = cannotRunContainers();
const HOUR_MS = 3_600_000;
const Dockerfile = 'FROM scratch\nCOPY init /bin/init\nRUN ["init", "write", "/made", "1"]\n';

test('a RUN that is older than it may be is done again, a COPY never', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const place = context({ Dockerfile });
    await build({ context: place, sourceDateEpoch: 1 });
    // Not a time limit: the one before is older by what it took.
    await sleep(2);
    const again = async (cacheTtlMs: number) =>
      (await build({ context: place, sourceDateEpoch: 1, cacheTtlMs })).steps;
    assert.deepEqual(await again(HOUR_MS), { run: 0, cached: 2 }, 'the image says 1970');
    assert.deepEqual(await again(1), { run: 1, cached: 1 });
    assert.deepEqual(await again(0), { run: 1, cached: 1 });
    assert.deepEqual(await again(HOUR_MS), { run: 0, cached: 2 });
  }),
);

test('a record under a second key is no younger for it', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    await build({ context: context({ Dockerfile }) });
    await sleep(20);
    // Another definition of the same content.
    const other = context({ Dockerfile: `FROM scratch AS base\n${Dockerfile.slice(13)}` });
    const { steps } = await build({ context: other });
    assert.deepEqual(steps, { run: 0, cached: 2 });
    const late = await build({ context: other, cacheTtlMs: 10 });
    assert.deepEqual(late.steps, { run: 1, cached: 1 });
  }),
);
