/** One index of several sources, as buildx makes it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Descriptor } from '#core/descriptor.ts';
import { descriptorOf, encodeIndex } from '#core/manifest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import { type CombineSource, combineImages } from '#image/combine-images.ts';
import { sampleImage } from '#test/helpers/images.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const ANYTHING = { preferIndex: true, annotations: [], platforms: [] };

async function image(platform: Platform = AMD64): Promise<CombineSource> {
  const { manifest: raw } = await sampleImage({ platform });
  return { raw, descriptor: { ...descriptorOf(raw), platform } };
}

function index(...listed: readonly Descriptor[]): CombineSource {
  const raw = encodeIndex(listed);
  return { raw, descriptor: descriptorOf(raw) };
}

function listedIn({ bytes }: { readonly bytes: Uint8Array }): readonly Descriptor[] {
  return JSON.parse(Buffer.from(bytes).toString()).manifests;
}

describe('combining', () => {
  it('images become an index in their order, in Go’s form', async () => {
    const [a, b] = [await image(), await image(ARM64)];
    const { raw, listed } = combineImages([a, b], ANYTHING);
    const { mediaType } = a.descriptor;
    assert.equal(
      Buffer.from(raw.bytes).toString(),
      `{
  "schemaVersion": 2,
  "mediaType": "${OCI_INDEX}",
  "manifests": [
    {
      "mediaType": "${mediaType}",
      "digest": "${a.descriptor.digest}",
      "size": ${a.descriptor.size},
      "platform": {
        "os": "linux",
        "architecture": "amd64"
      }
    },
    {
      "mediaType": "${mediaType}",
      "digest": "${b.descriptor.digest}",
      "size": ${b.descriptor.size},
      "platform": {
        "os": "linux",
        "architecture": "arm64",
        "variant": "v8"
      }
    }
  ]
}`,
    );
    assert.deepEqual(listed, [
      { digest: a.descriptor.digest, source: 0 },
      { digest: b.descriptor.digest, source: 1 },
    ]);
  });

  it('what indexes list is taken over, each digest once, notes joined', async () => {
    const [{ descriptor: a }, { descriptor: b }] = [await image(), await image(ARM64)];
    const noted = { ...a, annotations: { z: '1' } };
    const { raw, listed } = combineImages(
      [index(noted, b), index({ ...a, annotations: { y: '2' } })],
      ANYTHING,
    );
    assert.deepEqual(listedIn(raw), [{ ...a, annotations: { y: '2', z: '1' } }, b]);
    assert.deepEqual(
      listed.map(({ source }) => source),
      [0, 0],
    );
  });

  it('a single index stays as it is, also without a preference for one', async () => {
    const source = index((await image()).descriptor);
    for (const preferIndex of [true, false]) {
      assert.deepEqual(combineImages([source], { ...ANYTHING, preferIndex }), {
        raw: source.raw,
        listed: [],
      });
    }
  });

  it('a single image becomes an index unless a copy is wanted', async () => {
    const source = await image();
    assert.deepEqual(listedIn(combineImages([source], ANYTHING).raw), [source.descriptor]);
    assert.equal(combineImages([source], { ...ANYTHING, preferIndex: false }).raw, source.raw);
  });

  it('docker’s images alone make docker’s list, with others an index', async () => {
    const { descriptor } = await image();
    const docker = { ...descriptor, mediaType: DOCKER_MANIFEST };
    const other = (await image(ARM64)).descriptor;
    const combined = (...listed: Descriptor[]) =>
      combineImages([index(...listed), index(...listed)], ANYTHING).raw.mediaType;
    assert.equal(combined(docker), DOCKER_LIST);
    assert.equal(combined(docker, other), OCI_INDEX);
  });

  it('annotations are written where they can be, which is no list of docker’s', async () => {
    const { descriptor: a } = await image();
    const { descriptor: b } = await image(ARM64);
    const docker = { ...a, mediaType: DOCKER_MANIFEST };
    const { raw } = combineImages([index(docker, b)], {
      ...ANYTHING,
      annotations: [
        { on: 'index', key: 'i', value: '1' },
        { on: 'manifest-descriptor', key: 'd', value: '2' },
        {
          on: 'manifest-descriptor',
          platform: { os: 'linux', architecture: 'arm64' },
          key: 'e',
          value: '3',
        },
      ],
    });
    assert.deepEqual(JSON.parse(Buffer.from(raw.bytes).toString()), {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        { ...docker, annotations: { d: '2' } },
        { ...b, annotations: { d: '2', e: '3' } },
      ],
      annotations: { i: '1' },
    });
    const annotations = [{ on: 'manifest', key: 'm', value: '1' }] as const;
    assert.throws(() => combineImages([index(a)], { ...ANYTHING, annotations }), {
      message: '"manifest" annotations are not supported yet',
    });
  });

  it('platforms that are wanted come with what is stated about them', async () => {
    const { descriptor: a } = await image();
    const { descriptor: b } = await image(ARM64);
    const about = ({ digest }: Descriptor) => ({ 'vnd.docker.reference.digest': digest });
    const unknown = { os: 'unknown', architecture: 'unknown' };
    const stated = [a, b].map((one) => ({ ...one, platform: unknown, annotations: about(one) }));
    const [ofA, ofB] = stated.map((one, i) => ({ ...one, digest: digests[i] ?? one.digest }));
    assert.ok(ofA && ofB);
    const source = index(a, b, ofA, ofB);
    const kept = combineImages([source], {
      ...ANYTHING,
      platforms: [{ os: 'linux', architecture: 'arm64' }],
    });
    assert.deepEqual(listedIn(kept.raw), [b, ofB]);
    const platforms = [{ os: 'linux', architecture: 's390x' }];
    assert.throws(() => combineImages([source], { ...ANYTHING, platforms }), {
      code: 'PLATFORM_UNKNOWN',
    });
  });
});

const digests = [...'ab'].map((digit) => `sha256:${digit.repeat(64)}` as Descriptor['digest']);
