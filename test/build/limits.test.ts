/** Limits of a build: felt by its RUNs, no part of what is cached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerLimits } from '#core/container-limits.ts';
import { groupFolder } from '#test/helpers/cgroups.ts';
import { cannotRunContainers, withEngine } from '#test/helpers/engine.ts';

const MIB = 1024 ** 2;
const skip =
  cannotRunContainers() ||
  (groupFolder('memory') === undefined && 'needs the memory controller in version 1 of cgroups');

const LIMITS: ContainerLimits = { memory: 16 * MIB, memorySwap: 16 * MIB };

function dockerfile(mebibytes: number): string {
  return `FROM scratch\nCOPY init /bin/init\nRUN ["init", "memhog", "${mebibytes}"]\n`;
}

test(
  'a RUN that needs more memory than allowed is killed, and the fix names the limit',
  { skip },
  () =>
    withEngine({}, async ({ context, build }) => {
      const failed = build({
        context: context({ Dockerfile: dockerfile(64) }),
        tags: ['app'],
        limits: LIMITS,
      });
      await assert.rejects(failed, {
        code: 'RUN_FAILED',
        message: 'process "init memhog 64" did not complete successfully: exit code: 137',
        hint: 'killed: out of memory (limit 16MB); allow more with --memory',
      });
    }),
);

test('a step is found in the cache, whatever it was allowed to use', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const options = { context: context({ Dockerfile: dockerfile(4) }), tags: ['app'] };
    const limited = await build({ ...options, limits: LIMITS });
    const again = await build({ ...options });
    assert.deepEqual(
      { id: again.imageId, steps: again.steps },
      { id: limited.imageId, steps: { run: 0, cached: 2 } },
    );
  }),
);

test('limits that make no sense are refused before anything is built', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const options = { context: context({ Dockerfile: dockerfile(4) }), tags: ['app'] };
    await assert.rejects(build({ ...options, limits: { memory: MIB } }), {
      code: 'USAGE',
      message: 'Minimum memory limit allowed is 6MB',
    });
  }),
);
