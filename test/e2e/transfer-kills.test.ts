/**
 * `slipway pull` and `push` killed with SIGKILL at seeded moments, again and again, over a slow line:
 * the last one finishes, the image is right, and what goes over the line twice is bounded.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { countingProxy } from '#test/helpers/counting-proxy.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

const MIB = 1024 * 1024;
/** Of the moments; printed with what they gave. */
const SEED = 20_261_128;
const KILLS = 5;
const LAYERS = 3;
/**
 * A kill loses what is in the kernel's buffers of each connection, which on loopback may be some
 * hundred kilobytes, and what was read and not yet written.
 */
const LOST_BYTES_MAX = LAYERS * MIB;

/** The same numbers for the same seed. */
function drawing(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('killed while it works', () => {
  it('a pull asks for what it lacks: what was written down does not come again', async (t) => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const image = await sampleImage({ layers: LAYERS, codec: 'gzip', fileSize: 6 * MIB });
    await putImage(remote, image, '1');
    await using proxy = await countingProxy(registry.address);
    using folder = tempFolder();
    const name = `${proxy.address}/test/app:1`;
    const options = { root: folder.at('store') };
    const draw = drawing(SEED);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const running = startSlipway(['pull', name], options);
      await Promise.race([proxy.after(MIB + draw() * 2 * MIB), running.outcome]);
      running.kill('SIGKILL');
      await running.outcome;
    }
    const done = await slipway(['pull', name], options);
    assert.equal(done.exitCode, 0, done.stderr);
    const size = image.blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const twice = proxy.counted.down - size;
    t.diagnostic(`seed ${SEED}: ${size} bytes, ${twice} more after ${KILLS} kills`);
    assert.ok(twice < KILLS * LOST_BYTES_MAX, `${twice} bytes twice, seed ${SEED}`);
    const check = await slipway(['system', 'check'], options);
    assert.equal(check.exitCode, 0, check.stdout + check.stderr);
    const shown = await slipway(['inspect', '--format', '{{.Id}}', name], options);
    assert.equal(shown.stdout.trim(), image.imageId);
  });

  it('a push goes on where our registry says that it stands', async (t) => {
    await using registry = await temporaryRegistry();
    const { twice } = await pushWithKills(registry.address);
    t.diagnostic(`seed ${SEED}: ${twice} bytes twice after ${KILLS} kills`);
    assert.ok(twice < KILLS * LOST_BYTES_MAX, `${twice} bytes twice, seed ${SEED}`);
  });

  it('a push to docker-registry sends again what was under way, and no finished layer', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    const { twice, size } = await pushWithKills(registry.address, {
      layers: 6,
      fileSize: 3 * MIB,
      environment: { SLIPWAY_PARALLEL_TRANSFERS: '1' },
    });
    t.diagnostic(`seed ${SEED}: ${twice} of ${size} bytes twice after ${KILLS} kills`);
    // It keeps nothing of a request that broke: one layer a kill, and what was in buffers.
    assert.ok(twice < KILLS * (3 + 1) * MIB, `${twice} bytes twice, seed ${SEED}`);
  });

  it('docker-registry killed and started again in the middle of a push', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await using proxy = await countingProxy(registry.address, 2);
    await using place = await temporaryStore();
    const image = await sampleImage({ layers: LAYERS, codec: 'gzip', fileSize: 4 * MIB });
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

/** To the end; how many bytes went up more than the image has. */
async function pushWithKills(
  registry: string,
  {
    layers = LAYERS,
    fileSize = 6 * MIB,
    environment = {},
  }: {
    readonly layers?: number;
    readonly fileSize?: number;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ readonly twice: number; readonly size: number }> {
  await using proxy = await countingProxy(registry);
  await using place = await temporaryStore();
  const image = await sampleImage({ layers, codec: 'gzip', fileSize });
  const name = `${proxy.address}/test/app:1`;
  await storeImage(place.store, image, name);
  const options = { root: place.root, environment };
  const draw = drawing(SEED);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const running = startSlipway(['push', name], options);
    await Promise.race([proxy.after(MIB + draw() * 2 * MIB), running.outcome]);
    running.kill('SIGKILL');
    await running.outcome;
  }
  const done = await slipway(['push', name], options);
  assert.equal(done.exitCode, 0, done.stderr);
  await using remote = remoteAt(registry);
  assert.equal((await remote.resolve('1')).digest, image.manifest.digest);
  const size = image.blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  return { twice: proxy.counted.up - size, size };
}
