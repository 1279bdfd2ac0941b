/** What is wrong with an image is found, each manifest by itself, and named. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ImageCheck } from '#core/image-check.ts';
import { descriptorOf, encodeArtifact, encodeIndex } from '#core/manifest.ts';
import { OCI_LAYER_GZIP } from '#core/media-type.ts';
import type { RawManifest, ReferrerLister, Repository } from '#core/repository.ts';
import { validateImages } from '#image/validate.ts';
import {
  imageOf,
  type SampleBlob,
  type SampleImage,
  sampleBlob,
  sampleImage,
  sampleLayer,
} from '#test/helpers/images.ts';

/** A place that has what it is given, and believes all of it. */
class Believing implements Repository, ReferrerLister {
  readonly manifests = new Map<string, RawManifest>();
  readonly content = new Map<string, Uint8Array>();
  readonly listed: Descriptor[] = [];
  readonly read: string[] = [];

  put(...images: readonly SampleImage[]): this {
    for (const { manifest, blobs } of images) {
      this.putRaw(manifest);
      for (const blob of blobs) this.putBlob(blob);
    }
    return this;
  }

  putRaw(raw: RawManifest): this {
    this.manifests.set(raw.digest, raw);
    return this;
  }

  putBlob({ digest, bytes }: SampleBlob): this {
    this.content.set(digest, bytes);
    return this;
  }

  readonly blobs = {
    stat: async (digest: Digest) => {
      const bytes = this.content.get(digest);
      return bytes && { digest, size: bytes.byteLength };
    },
    read: (digest: Digest) => this.#chunks(digest),
    ingest: async (): Promise<never> => {
      throw new Error('nothing is written');
    },
  };

  async *#chunks(digest: Digest): AsyncGenerator<Uint8Array> {
    this.read.push(digest);
    const bytes = this.content.get(digest);
    if (!bytes) throw new SlipwayError('BLOB_UNKNOWN', 'no such blob');
    for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
  }

  async resolve(selector: string): Promise<Descriptor> {
    return descriptorOf(await this.getManifest(selector));
  }

  async getManifest(selector: string): Promise<RawManifest> {
    const raw = this.manifests.get(selector);
    if (raw) return raw;
    throw new SlipwayError('MANIFEST_UNKNOWN', 'no such manifest');
  }

  async putManifest(): Promise<never> {
    throw new Error('nothing is written');
  }

  async *tags(): AsyncGenerator<string> {}

  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    return this.listed.filter(({ annotations }) => annotations?.subject === subject);
  }
}

async function checked(
  place: Believing,
  root: RawManifest,
  options: { readonly fast?: boolean; readonly noReferrers?: boolean } = {},
): Promise<readonly ImageCheck[]> {
  const checks: ImageCheck[] = [];
  await validateImages(place, {
    selectors: [root.digest],
    limit: pLimit(2),
    onChecked: (check) => void checks.push(check),
    ...options,
  });
  return checks;
}

async function problemsOf(place: Believing, root: RawManifest, fast = false) {
  const checks = await checked(place, root, { fast });
  return checks.flatMap(({ problem }) => problem?.message ?? []);
}

function listing(...images: readonly SampleImage[]): RawManifest {
  return encodeIndex(
    images.map(({ manifest, config: { os, architecture } }) => ({
      ...descriptorOf(manifest),
      platform: { os, architecture },
    })),
  );
}

describe('a whole image', () => {
  it('an index and its images, in their order, each with what it is', async () => {
    const a = await sampleImage({ codec: 'gzip' });
    const b = await sampleImage({
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    });
    const inner = listing(b);
    const root = encodeIndex([
      { ...descriptorOf(a.manifest), platform: { os: 'linux', architecture: 'amd64' } },
      descriptorOf(inner),
    ]);
    const place = new Believing().put(a, b).putRaw(inner).putRaw(root);
    const sizeOf = ({ manifest, blobs }: SampleImage): number =>
      [manifest, ...blobs].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    assert.deepEqual(await checked(place, root), [
      { digest: root.digest, kind: 'index', layers: 0, sizeBytes: root.bytes.byteLength },
      {
        digest: a.manifest.digest,
        kind: 'image',
        platform: { os: 'linux', architecture: 'amd64' },
        layers: 2,
        sizeBytes: sizeOf(a),
      },
      { digest: inner.digest, kind: 'index', layers: 0, sizeBytes: inner.bytes.byteLength },
      {
        digest: b.manifest.digest,
        kind: 'image',
        platform: { os: 'linux', architecture: 'arm64' },
        layers: 2,
        sizeBytes: sizeOf(b),
      },
    ]);
  });

  it('a layer of two images is read once', async () => {
    const shared = await sampleLayer({ codec: 'gzip' });
    const [a, b] = [imageOf([shared]), imageOf([shared])];
    const root = listing(a, b);
    const place = new Believing().put(a, b).putRaw(root);
    assert.deepEqual(await problemsOf(place, root), []);
    assert.equal(place.read.filter((digest) => digest === shared.digest).length, 1);
  });

  it('a config without a variant fits an index that knows it', async () => {
    const image = await sampleImage({ platform: { os: 'linux', architecture: 'arm' } });
    const platform = { os: 'linux', architecture: 'arm', variant: 'v6' };
    const root = encodeIndex([{ ...descriptorOf(image.manifest), platform }]);
    assert.deepEqual(await problemsOf(new Believing().put(image).putRaw(root), root), []);
  });

  it('layers that are elsewhere are not asked for', async () => {
    const image = await sampleImage();
    const [first, ...others] = image.layers;
    assert.ok(first);
    const foreign = { ...first, descriptor: { ...first.descriptor, urls: ['https://x.example'] } };
    const root = imageOf([foreign, ...others]);
    const place = new Believing().put(root);
    place.content.delete(first.digest);
    assert.deepEqual(await problemsOf(place, root.manifest), []);
  });

  it('quickly: layers are looked for, and not read', async () => {
    const image = await sampleImage();
    const place = new Believing().put(image);
    const [first, second] = image.layers;
    assert.ok(first && second);
    place.content.set(first.digest, Buffer.alloc(first.bytes.byteLength));
    assert.deepEqual(await problemsOf(place, image.manifest, true), []);
    assert.deepEqual(place.read, [image.imageId]);
    place.content.delete(second.digest);
    assert.deepEqual(await problemsOf(place, image.manifest, true), [
      `layer 2 of 2 ${second.digest}: it is not there`,
    ]);
  });

  it('what refers to it is looked at, unless it is left out', async () => {
    const image = await sampleImage();
    const blob = sampleBlob();
    const config = { mediaType: 'text/plain', digest: blob.digest, size: blob.bytes.byteLength };
    const subject = descriptorOf(image.manifest);
    const artifact = encodeArtifact({ artifactType: 'text/x', config, layers: [config], subject });
    const place = new Believing().put(image).putRaw(artifact);
    place.listed.push({ ...descriptorOf(artifact), annotations: { subject: subject.digest } });
    const [, bad] = await checked(place, image.manifest);
    assert.deepEqual(
      [bad?.digest, bad?.subject, bad?.kind, bad?.problem?.code],
      [artifact.digest, subject.digest, 'artifact', 'BLOB_UNKNOWN'],
    );
    place.putBlob(blob);
    assert.deepEqual(await problemsOf(place, image.manifest), []);
    assert.equal((await checked(place, image.manifest, { noReferrers: true })).length, 1);
    place.manifests.delete(artifact.digest);
    assert.deepEqual(await problemsOf(place, image.manifest), [
      'what refers to it: no such manifest',
    ]);
  });
});

describe('what is wrong', () => {
  it('a manifest that is not what its digest says', async () => {
    const image = await sampleImage();
    const other = await sampleImage();
    const place = new Believing().put(image);
    place.manifests.set(image.manifest.digest, {
      ...other.manifest,
      digest: image.manifest.digest,
    });
    assert.deepEqual(await problemsOf(place, image.manifest), [
      `its content is ${other.manifest.digest}`,
    ]);
  });

  it('an index that says something else of what it lists', async () => {
    const image = await sampleImage();
    const { digest, size, mediaType } = descriptorOf(image.manifest);
    const amd64 = { os: 'linux', architecture: 'amd64' };
    for (const [said, problem] of [
      [{ size: size + 1 }, `it has ${size} bytes, its index says ${size + 1}`],
      [
        { mediaType: 'application/vnd.docker.distribution.manifest.v2+json' },
        `it is ${mediaType}, its index says application/vnd.docker.distribution.manifest.v2+json`,
      ],
      [
        { platform: { ...amd64, architecture: 's390x' } },
        `config ${image.imageId}: its index says linux/s390x, its config says linux/amd64`,
      ],
    ] as const) {
      const root = encodeIndex([{ digest, size, mediaType, platform: amd64, ...said }]);
      assert.deepEqual(await problemsOf(new Believing().put(image).putRaw(root), root), [problem]);
    }
  });

  it('images that are missing, each by itself', async () => {
    const [a, b] = [await sampleImage(), await sampleImage()];
    const root = listing(a, b);
    const place = new Believing().put(b).putRaw(root);
    const checks = await checked(place, root);
    assert.deepEqual(
      checks.map(({ digest, problem }) => [digest, problem?.code]),
      [
        [root.digest, undefined],
        [a.manifest.digest, 'MANIFEST_UNKNOWN'],
        [b.manifest.digest, undefined],
      ],
    );
  });

  it('a config that is missing, or another one', async () => {
    const image = await sampleImage();
    const place = new Believing().put(image);
    place.content.set(image.imageId, Buffer.from('{}'));
    assert.deepEqual(await problemsOf(place, image.manifest), [
      `config ${image.imageId}: its content is ${digestOf(Buffer.from('{}'))}`,
    ]);
    place.content.delete(image.imageId);
    assert.deepEqual(await problemsOf(place, image.manifest), [
      `config ${image.imageId}: no such blob`,
    ]);
  });

  it('more layers than its config has', async () => {
    const [layer, other] = [await sampleLayer(), await sampleLayer()];
    const image = imageOf([layer]);
    const document = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    document.layers.push(other.descriptor);
    const bytes = Buffer.from(JSON.stringify(document));
    const raw = { ...image.manifest, bytes, digest: digestOf(bytes) };
    const place = new Believing().put(image).putBlob(other).putRaw(raw);
    assert.deepEqual(await problemsOf(place, raw), [
      `config ${image.imageId}: it has 2 layers, its config says 1`,
    ]);
  });

  it('a layer: the first that is wrong is named', async () => {
    const layers = [await sampleLayer(), await sampleLayer(), await sampleLayer()];
    const image = imageOf(layers);
    const [, second, third] = layers;
    assert.ok(second && third);
    const place = new Believing().put(image);
    const changed = Buffer.from(second.bytes);
    changed[600] = (changed[600] ?? 0) ^ 1;
    place.content.set(second.digest, changed);
    place.content.delete(third.digest);
    assert.deepEqual(await problemsOf(place, image.manifest), [
      `layer 2 of 3 ${second.digest}: its content is ${digestOf(changed)}`,
    ]);
    place.content.set(second.digest, changed.subarray(1));
    assert.deepEqual(await problemsOf(place, image.manifest), [
      `layer 2 of 3 ${second.digest}: it has ${changed.length - 1} bytes, the manifest says ${changed.length}`,
    ]);
  });

  it('a compressed layer that was changed is told by its digest, not by what gzip thinks of it', async () => {
    const layer = await sampleLayer({ codec: 'gzip' });
    const image = imageOf([layer]);
    const changed = Buffer.from(layer.bytes);
    changed[20] = (changed[20] ?? 0) ^ 0xff;
    const place = new Believing().put(image);
    place.content.set(layer.digest, changed);
    assert.deepEqual(await problemsOf(place, image.manifest), [
      `layer 1 of 1 ${layer.digest}: its content is ${digestOf(changed)}`,
    ]);
  });

  it('a layer that is right as it is sent, and not the files that the config promises', async () => {
    const [promised, other] = [
      await sampleLayer({ codec: 'gzip' }),
      await sampleLayer({ codec: 'gzip' }),
    ];
    const image = imageOf([{ ...other, diffId: promised.diffId }]);
    const [problem = ''] = await problemsOf(new Believing().put(image), image.manifest);
    assert.match(problem, /does not hold the files its image config promises/);
    assert.ok(problem.endsWith(`${promised.diffId}, but ${other.diffId}`));
  });

  it('a layer that cannot be inflated', async () => {
    const bytes = gzipSync(Buffer.from('cut')).subarray(0, 15);
    const blob = sampleBlob(bytes);
    const descriptor = { mediaType: OCI_LAYER_GZIP, digest: blob.digest, size: bytes.byteLength };
    const image = imageOf([{ ...blob, descriptor, diffId: digestOf(Buffer.from('cut')) }]);
    const [check] = await checked(new Believing().put(image), image.manifest);
    assert.equal(check?.problem?.code, 'ARCHIVE_INVALID');
  });

  it('indexes that lie within each other without end', async () => {
    let inner = listing(await sampleImage());
    const place = new Believing().putRaw(inner);
    for (let depth = 0; depth < 6; depth += 1) {
      inner = encodeIndex([descriptorOf(inner)]);
      place.putRaw(inner);
    }
    const problems = await problemsOf(place, inner);
    assert.match(problems[0] ?? '', /^indexes are within each other more than 4 times/);
  });
});

it('a registry that does not answer says nothing about the image', async () => {
  const image = await sampleImage();
  const place = new Believing().put(image);
  const unreachable = new SlipwayError('REGISTRY_UNREACHABLE', 'EOF');
  place.blobs.stat = async () => {
    throw unreachable;
  };
  await assert.rejects(checked(place, image.manifest), unreachable);
  await assert.rejects(checked(place, listing()), { code: 'MANIFEST_UNKNOWN' });
});
