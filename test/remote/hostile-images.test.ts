/** Pulls of what no honest builder makes: nested without end, with wrong sizes, that point elsewhere. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import pLimit from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import { descriptorOf, encodeImageManifest, encodeIndex } from '#core/manifest.ts';
import { OCI_INDEX } from '#core/media-type.ts';
import { parseReference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { pullImage } from '#image/pull.ts';
import type { LocalStore } from '#store/local-store.ts';
import { walkImage } from '#store/walk.ts';
import { imageOf, type SampleImage, sampleImage, sampleLayer } from '#test/helpers/images.ts';
import { listening } from '#test/helpers/loopback-server.ts';
import { type LyingRegistry, lyingRegistry } from '#test/helpers/lying-registry.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const limit = pLimit(2);

async function pull(store: LocalStore, { address }: LyingRegistry): Promise<unknown> {
  await using remote = remoteAt(address);
  const reference = parseReference(`${address}/test/app:1`);
  return await pullImage({ store, remote, reference, platform, limit });
}

/** Nothing is named, and nothing half fetched is left. */
function assertNothing(store: LocalStore): void {
  assert.deepEqual(store.images.list(), []);
  assert.deepEqual(readdirSync(store.paths.partials), []);
}

function addImage(registry: LyingRegistry, image: SampleImage, tag?: string): void {
  for (const { digest, bytes } of image.blobs) registry.addBlob(digest, bytes);
  registry.addManifest(image.manifest, tag);
}

/** The image's manifest with other layers. */
function withLayers(image: SampleImage, layers: readonly Descriptor[]): RawManifest {
  const config = image.blobs[0];
  assert.ok(config);
  const { digest, bytes } = config;
  const mediaType = 'application/vnd.oci.image.config.v1+json';
  return encodeImageManifest({ config: { mediaType, digest, size: bytes.byteLength }, layers });
}

describe('hostile indexes', () => {
  it('indexes within indexes without end: given up after a few', async () => {
    await using registry = await lyingRegistry();
    await using place = await temporaryStore();
    const image = await sampleImage();
    addImage(registry, image);
    let inner = { ...descriptorOf(image.manifest), platform };
    for (let depth = 0; depth < 20; depth += 1) {
      const index = encodeIndex([inner]);
      registry.addManifest(index, '1');
      inner = { ...descriptorOf(index), platform };
    }
    await assert.rejects(pull(place.store, registry), {
      code: 'MANIFEST_INVALID',
      message: /more than \d+ indexes within each other/,
    });
    assert.ok(registry.seen.length < 10, registry.seen.join('\n'));
    assertNothing(place.store);
  });

  it('a circle: what is listed does not hash to its digest', async () => {
    await using registry = await lyingRegistry();
    await using place = await temporaryStore();
    const listed = descriptorOf(encodeIndex([]));
    const circle = encodeIndex([{ ...listed, platform }]);
    registry.addManifest(circle, '1');
    registry.addManifest({ ...circle, digest: listed.digest });
    await assert.rejects(pull(place.store, registry), { code: 'DIGEST_MISMATCH' });
    assertNothing(place.store);
  });

  it('the same image listed ten thousand times is asked for once', async () => {
    await using registry = await lyingRegistry();
    const image = await sampleImage();
    addImage(registry, image);
    const listed = descriptorOf(image.manifest);
    registry.addManifest(encodeIndex(Array.from({ length: 10_000 }, () => listed)), '1');
    await using remote = remoteAt(registry.address);
    const walked = await walkImage(remote, { selector: '1' });
    assert.equal(walked.manifests.length, 2);
    assert.equal(registry.seen.length, 2);
  });

  it('an image that has another size than the index says is refused', async () => {
    await using registry = await lyingRegistry();
    await using place = await temporaryStore();
    const image = await sampleImage();
    addImage(registry, image);
    registry.addManifest(
      encodeIndex([{ ...descriptorOf(image.manifest), size: 5, platform }]),
      '1',
    );
    await assert.rejects(pull(place.store, registry), { code: 'MANIFEST_INVALID' });
    assertNothing(place.store);
  });

  it('a manifest that does not end is left at 4 MiB', async () => {
    await using registry = await lyingRegistry();
    await using place = await temporaryStore();
    const sent = registry.addEndless('manifests/1', OCI_INDEX);
    await assert.rejects(pull(place.store, registry), { code: 'MANIFEST_INVALID' });
    // What lies in buffers on the way comes on top.
    assert.ok(sent() < 32 * 1024 * 1024, `${sent()} bytes`);
    assertNothing(place.store);
  });
});

describe('hostile layers', () => {
  for (const [what, change, code] of [
    ['smaller', -1, 'DIGEST_MISMATCH'],
    ['larger', 1, 'SIZE_MISMATCH'],
  ] as const) {
    it(`a layer said to be ${what} than it is: no image`, async () => {
      await using registry = await lyingRegistry();
      await using place = await temporaryStore();
      const image = await sampleImage({ layers: 1 });
      addImage(registry, image);
      const layers = image.layers.map(({ descriptor }) => ({
        ...descriptor,
        size: descriptor.size + change,
      }));
      registry.addManifest(withLayers(image, layers), '1');
      await assert.rejects(pull(place.store, registry), { code });
      assert.deepEqual(place.store.images.list(), []);
      // Nor does it spoil the honest image.
      addImage(registry, image, '1');
      await pull(place.store, registry);
      assert.deepEqual(readdirSync(place.store.paths.partials), []);
    });
  }

  it('a layer that is listed twice is fetched once', async () => {
    await using registry = await lyingRegistry();
    await using place = await temporaryStore();
    const layer = await sampleLayer();
    const image = imageOf([layer, layer]);
    addImage(registry, image, '1');
    await pull(place.store, registry);
    const asked = registry.seen.filter((line) => line.endsWith(`/blobs/${layer.digest}`));
    assert.deepEqual(asked, [`GET /v2/test/app/blobs/${layer.digest}`]);
  });

  it('URLs of a layer are never asked, wherever they lead', async () => {
    const asked: (string | undefined)[] = [];
    await using elsewhere = await listening(
      createServer(({ url }, response) => {
        asked.push(url);
        response.end();
      }),
    );
    await using registry = await lyingRegistry();
    await using place = await temporaryStore();
    const image = await sampleImage({ layers: 2 });
    addImage(registry, image);
    const urls = [
      `http://${elsewhere.address}/layer`,
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
    ];
    const [first, second] = image.layers.map(({ descriptor }) => descriptor);
    assert.ok(first && second);
    registry.addManifest(withLayers(image, [first, { ...second, urls }]), '1');
    await pull(place.store, registry);
    assert.deepEqual(asked, []);
    assert.deepEqual(
      registry.seen.filter((line) => line.includes(second.digest)),
      [],
    );
  });
});
