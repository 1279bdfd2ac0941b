/** process.rlimits: what a container's processes see, and what is refused. */
import assert from 'node:assert/strict';
import type { RlimitSpec } from '#core/runtime-spec.ts';
import { contained, type Ran, runInit } from '#test/helpers/containers.ts';

function runWith(rlimits: readonly RlimitSpec[], init: readonly string[]): Promise<Ran> {
  return runInit(init, {
    edit: (spec) => ({ ...spec, process: { ...spec.process, rlimits } }),
  });
}

contained('soft and hard limits are the spec’s', async () => {
  const { stdout } = await runWith(
    [
      { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 },
      { type: 'RLIMIT_CORE', soft: 0, hard: 18446744073709551615n },
    ],
    ['cat', '/proc/self/limits'],
  );
  assert.match(stdout, /^Max open files +100 +200 /m);
  assert.match(stdout, /^Max core file size +0 +unlimited /m);
});

contained('docker’s ulimits are such limits, and the kernel keeps them', async () => {
  const ulimits = [{ name: 'nofile', soft: 3, hard: 3 }];
  const { stderr, exitCode } = await runInit(['cat', '/proc/self/limits'], { limits: { ulimits } });
  assert.match(stderr, /Too many open files/);
  assert.equal(exitCode, 1);
});

contained('unknown, doubled and contradictory limits are refused by their place', async () => {
  const refused = async (rlimits: readonly RlimitSpec[]): Promise<unknown> =>
    await runWith(rlimits, ['true']).then(
      () => 'ran',
      (error: unknown) => Reflect.get(Object(error), 'detail').path,
    );
  const one: RlimitSpec = { type: 'RLIMIT_NPROC', soft: 5, hard: 6 };
  assert.equal(await refused([{ ...one, type: 'RLIMIT_LUCK' }]), '/process/rlimits/0/type');
  assert.equal(await refused([one, one]), '/process/rlimits/1');
  assert.equal(await refused([{ ...one, soft: 7 }]), '/process/rlimits/0');
  assert.equal(await refused([{ ...one, soft: -1 }]), '/process/rlimits/0/soft');
});
