/** Pulls and pushes of which one side dies in the middle: `npm run kills` does it more often. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startSlipway } from '#test/helpers/cli-process.ts';
import { countingProxy } from '#test/helpers/counting-proxy.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { randomNumbers } from '#test/helpers/random-numbers.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { peers } from '#test/interop/host.ts';
import {
  type KillCounts,
  LOST_BYTES_MAX,
  LOST_LAYER_BYTES_MAX,
  MIB,
  ONE_BY_ONE,
  pullWithKills,
  pushWithKills,
} from '#test/property/kill-transfers.ts';

/** Of the moments; printed with what they gave. */
const SEED = 20_261_128;
const KILLS = 5;
const options = () => ({ kills: KILLS, random: randomNumbers(SEED) });

const told = ({ twice, size }: KillCounts): string =>
  `seed ${SEED}: ${twice} of ${size} bytes twice after ${KILLS} kills`;

describe('killed while it works', () => {
  it('a pull asks for what it lacks: what was written down does not come again', async (t) => {
    const counts = await pullWithKills(options());
    t.diagnostic(told(counts));
    assert.ok(counts.twice < KILLS * LOST_BYTES_MAX, told(counts));
  });

  it('a push goes on where our registry says that it stands', async (t) => {
    await using registry = await temporaryRegistry();
    const counts = await pushWithKills(registry.address, options());
    t.diagnostic(told(counts));
    assert.ok(counts.twice < KILLS * LOST_BYTES_MAX, told(counts));
  });

  it('a push to docker-registry sends again what was under way, and no finished layer', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    const counts = await pushWithKills(registry.address, { ...options(), ...ONE_BY_ONE });
    t.diagnostic(told(counts));
    assert.ok(counts.twice < KILLS * LOST_LAYER_BYTES_MAX, told(counts));
  });

  it('docker-registry killed and started again in the middle of a push', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await using proxy = await countingProxy(registry.address, 2);
    await using place = await temporaryStore();
    const image = await sampleImage({ layers: 3, codec: 'gzip', fileSize: 4 * MIB });
    const name = `${proxy.address}/test/app:1`;
    await storeImage(place.store, image, name);
    const running = startSlipway(['push', name], { root: place.root });
    await Promise.race([proxy.after(3 * MIB), running.outcome]);
    await registry.restart();
    const { exitCode, stderr } = await running.outcome;
    assert.equal(exitCode, 0, stderr);
    await using remote = remoteAt(registry.address);
    assert.equal((await remote.resolve('1')).digest, image.manifest.digest);
  });
});
