/**
 * `slipway copy` between real registries over lines that break: killed again and again, with a source or a
 * destination that dies and comes back, and with peers that cut. What is there at the end is right, what
 * went over the line twice is bounded, and a copy that fails leaves no tag.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { copier, putSignedIndex } from '#test/helpers/copying.ts';
import { countingProxy } from '#test/helpers/counting-proxy.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { faultyProxy } from '#test/helpers/faulty-proxy.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

const MIB = 1024 * 1024;
const KILLS = 5;
const LAYERS = 3;
/** What a kill loses on each side: buffers of the kernel and of both proxies, a connection a layer. */
const LOST_BYTES_MAX = LAYERS * 1.5 * MIB;

describe('killed while it copies', () => {
  it('from registry to registry: goes on where the destination stands', async (t) => {
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    const { size, down, up } = await copyWithKills(a.address, b.address);
    const text = `${size} bytes: ${down - size} read twice, ${up - size} sent twice, ${KILLS} kills`;
    t.diagnostic(text);
    assert.ok(down - size < KILLS * LOST_BYTES_MAX, text);
    assert.ok(up - size < KILLS * LOST_BYTES_MAX, text);
  });

  it('to docker-registry, which keeps nothing of a request that breaks: finished layers stay', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using a = await temporaryRegistry();
    await using b = await startDockerRegistry();
    const environment = { SLIPWAY_PARALLEL_TRANSFERS: '1' };
    const { size, down, up } = await copyWithKills(a.address, b.address, environment);
    const text = `${size} bytes: ${down - size} read twice, ${up - size} sent twice, ${KILLS} kills`;
    t.diagnostic(text);
    // One layer a kill, and what was in buffers.
    assert.ok(up - size < KILLS * (6 + 1.5) * MIB, text);
  });

  it('into an OCI folder and into the local store: the last one is right', async () => {
    await using a = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const image = await sampleImage({ layers: LAYERS, codec: 'gzip', fileSize: 3 * MIB });
    await putImage(from, image, '1');
    await using proxy = await countingProxy(a.address);
    using folder = tempFolder();
    const options = { root: folder.at('store') };
    for (const target of [`oci:${folder.at('layout')}:1`, 'store:app:1']) {
      const argv = ['copy', `${proxy.address}/test/app:1`, target];
      for (let kill = 1; kill <= 3; kill += 1) {
        const running = startSlipway(argv, options);
        await Promise.race([proxy.after(kill * MIB), running.outcome]);
        running.kill('SIGKILL');
        await running.outcome;
      }
      const done = await slipway(argv, options);
      assert.equal(done.exitCode, 0, done.stderr);
      const proof = await slipway(['copy', '-q', target, `${a.address}/proof:1`], options);
      assert.equal(proof.exitCode, 0, proof.stderr);
      await using to = remoteAt(a.address, { repository: 'proof' });
      assert.equal((await to.resolve('1')).digest, image.manifest.digest);
    }
    const check = await slipway(['system', 'check'], options);
    assert.equal(check.exitCode, 0, check.stdout + check.stderr);
  });
});

/** To the end; what went over the two lines. */
async function copyWithKills(
  source: string,
  destination: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly size: number; readonly down: number; readonly up: number }> {
  await using from = remoteAt(source);
  const image = await sampleImage({ layers: LAYERS, codec: 'gzip', fileSize: 6 * MIB });
  await putImage(from, image, '1');
  await using a = await countingProxy(source);
  await using b = await countingProxy(destination);
  using folder = tempFolder();
  const options = { root: folder.at('store'), environment };
  const argv = ['copy', `${a.address}/test/app:1`, `${b.address}/test/app:1`];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const running = startSlipway(argv, options);
    // Different moments: 1 to 3 MiB after the start.
    await Promise.race([b.after((1 + ((kill * 7) % 5) / 2) * MIB), running.outcome]);
    running.kill('SIGKILL');
    await running.outcome;
  }
  const done = await slipway(argv, options);
  assert.equal(done.exitCode, 0, done.stderr);
  await using to = remoteAt(destination);
  assert.equal((await to.resolve('1')).digest, image.manifest.digest);
  for (const { digest } of image.blobs) {
    let bytes = 0;
    for await (const chunk of to.blobs.read(digest)) bytes += chunk.byteLength;
    assert.ok(bytes > 0);
  }
  const size = image.blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  return { size, down: a.counted.down, up: b.counted.up };
}

describe('a registry that dies and comes back', () => {
  for (const side of ['source', 'destination'] as const) {
    it(`the ${side}, in the middle of a copy`, async (t) => {
      const unfit = await peers().unfit('docker-registry');
      if (unfit !== undefined) return t.skip(unfit);
      await using dying = await startDockerRegistry();
      await using living = await temporaryRegistry();
      const [source, destination] =
        side === 'source' ? [dying.address, living.address] : [living.address, dying.address];
      await using from = remoteAt(source);
      const image = await sampleImage({ layers: LAYERS, codec: 'gzip', fileSize: 4 * MIB });
      await putImage(from, image, '1');
      await using line = await countingProxy(dying.address, 2);
      using folder = tempFolder();
      const [a, b] = side === 'source' ? [line.address, destination] : [source, line.address];
      const running = startSlipway(['copy', `${a}/test/app:1`, `${b}/test/app:1`], {
        root: folder.at('store'),
      });
      await Promise.race([line.after(3 * MIB), running.outcome]);
      await dying.restart();
      const { exitCode, stderr } = await running.outcome;
      assert.equal(exitCode, 0, stderr);
      await using to = remoteAt(destination);
      assert.equal((await to.resolve('1')).digest, image.manifest.digest);
    });
  }
});

describe('a peer that cuts', () => {
  it('a source that never gives a whole layer: no tag, and what is wrong is said', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await putImage(from, await sampleImage({ fileSize: MIB }), '1');
    await using proxy = await faultyProxy(a.address);
    proxy.decide = (method, path) =>
      method === 'GET' && path.includes('/blobs/') ? 'cut-body' : 'pass';
    const copying = here.engine.copy(`${proxy.address}/test/app:1`, `${b.address}/out:1`);
    await assert.rejects(copying, { code: /^REGISTRY_/ });
    await using to = remoteAt(b.address, { repository: 'out' });
    assert.deepEqual(await Array.fromAsync(to.tags()), []);
  });

  it('a source and a destination that cut now and then: it arrives', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const index = await putSignedIndex(from, '1');
    await using out = await faultyProxy(a.address);
    await using into = await faultyProxy(b.address);
    let count = 0;
    out.decide = () => (++count % 5 === 0 ? 'cut' : 'pass');
    into.decide = (method) => (++count % 6 === 0 && method !== 'POST' ? 503 : 'pass');
    await here.engine.copy(`${out.address}/test/app:1`, `${into.address}/out:1`);
    await using to = remoteAt(b.address, { repository: 'out' });
    for (const manifest of index.manifests) {
      assert.equal(digestOf((await to.getManifest(manifest.digest)).bytes), manifest.digest);
    }
  });

  it('a destination that refuses the tag keeps what it has, and the next copy sends no blob', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const image = await sampleImage();
    await putImage(from, image, '1');
    await using into = await faultyProxy(b.address);
    into.decide = (method, path) => (method === 'PUT' && path.endsWith('/1') ? 403 : 'pass');
    const places = [`${a.address}/test/app:1`, `${into.address}/out:1`] as const;
    await assert.rejects(here.engine.copy(...places), { code: 'UNAUTHORIZED' });
    into.decide = () => 'pass';
    const before = into.seen.length;
    await here.engine.copy(...places);
    const written = into.seen.slice(before).filter((line) => !/^(GET|HEAD) /.test(line));
    assert.deepEqual(written, ['PUT /v2/out/manifests/1 pass']);
  });
});

describe('a registry without the referrers API', () => {
  it('gets the lists under their tags, beside what was listed; and gives them back', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using plain = await startDockerRegistry();
    await using other = await startDockerRegistry();
    await using back = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const index = await putSignedIndex(from, '1');
    const subject = index.images[1]?.manifest.digest;
    assert.ok(subject);
    const way = [a.address, plain.address, other.address, back.address];
    for (const [i, source] of way.slice(0, -1).entries()) {
      const [one, two] = [`${source}/test/app:1`, `${way[i + 1]}/test/app:1`];
      await here.engine.copy(one, two);
      await here.engine.copy(one, two);
    }
    for (const address of way) {
      await using place = remoteAt(address);
      const listed = await place.referrers(subject);
      assert.deepEqual(
        listed.map(({ digest }) => digest),
        [index.sbom.digest],
      );
      assert.equal((await place.referrers(index.sbom.digest)).length, 1);
      assert.equal((await place.resolve('1')).digest, index.manifest.digest);
    }
    await using last = remoteAt(back.address);
    assert.deepEqual(await Array.fromAsync(last.tags()), ['1', index.signatureTag]);
    await using fallback = remoteAt(plain.address);
    const tags = await Array.fromAsync(fallback.tags());
    assert.ok(tags.includes(subject.replace(':', '-')), tags.join());
  });
});
