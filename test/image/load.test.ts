/** load of what is no image to run, and of a stream that says nothing. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import pLimit from 'p-limit';
import { encodedOf } from '#core/digest.ts';
import { descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import { familiarReference } from '#core/reference.ts';
import { loadImages } from '#image/load.ts';
import { sampleBlob, sampleImage, sampleTar } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

test('an artifact, such as a helm chart, is kept under its name, and images behind it are loaded', async () => {
  using folder = tempFolder();
  await using to = await temporaryStore();
  const [config, content] = [sampleBlob(Buffer.from('{"name":"chart"}')), sampleBlob()];
  const sized = ({ digest, bytes }: typeof config) => ({ digest, size: bytes.byteLength });
  const chart = encodeImageManifest({
    config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', ...sized(config) },
    layers: [
      { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', ...sized(content) },
    ],
  });
  const image = await sampleImage();
  const named = (manifest: typeof chart, name: string) => ({
    ...descriptorOf(manifest),
    annotations: { 'io.containerd.image.name': `docker.io/library/${name}` },
  });
  const manifests = [named(chart, 'chart:1'), named(image.manifest, 'app:1')];
  const blobs = [config, content, chart, image.manifest, ...image.blobs];
  const input = folder.at('x.tar');
  await writeFile(
    input,
    await sampleTar({
      'index.json': Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })),
      ...Object.fromEntries(
        blobs.map(({ digest, bytes }) => [`blobs/sha256/${encodedOf(digest)}`, bytes]),
      ),
    }),
  );
  const loaded = await loadImages({ store: to.store, platform, limit: pLimit(2), input });
  assert.deepEqual(
    loaded.map(({ imageId, names }) => [imageId, ...names.map(familiarReference)]),
    [
      [config.digest, 'chart:1'],
      [image.imageId, 'app:1'],
    ],
  );
  assert.deepEqual((await to.store.check()).problems, []);
});

test('a stream that says nothing more is given up when the load is', async () => {
  await using to = await temporaryStore();
  const input = new PassThrough();
  input.write('begun');
  const stop = new AbortController();
  const { signal } = stop;
  const loading = loadImages({ store: to.store, platform, limit: pLimit(2), input, signal });
  setImmediate(() => stop.abort(new Error('Ctrl-C')));
  await assert.rejects(loading, /Ctrl-C/);
  assert.deepEqual(await readdir(to.store.paths.ingest), []);
});
