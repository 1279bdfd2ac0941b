/** Manifest lists as docker makes them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { encodeArtifact, encodeIndex } from '#core/manifest.ts';
import type { ListedManifest } from '#core/manifest-list.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import {
  annotated,
  descriptorsIn,
  encodeManifestList,
  lookUpImage,
  needPlatforms,
} from '#image/manifest-list.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import {
  putBlob,
  putImage,
  putIndex,
  sampleBlob,
  sampleImage,
  sampleIndex,
} from '#test/helpers/images.ts';

function listed(reference: string, platform?: Platform, mediaType = OCI_MANIFEST): ListedManifest {
  const bytes = Buffer.from(reference);
  const digest = digestOf(bytes);
  const descriptor = {
    mediaType,
    digest,
    size: bytes.byteLength,
    ...(platform ? { platform } : {}),
  };
  return { reference, descriptor, raw: { mediaType, digest, bytes } };
}

const LINUX = { architecture: 'amd64', os: 'linux' };

describe('a list', () => {
  it('has docker’s form and docker’s order, that of file names', () => {
    const images = [
      listed('host:1/app', LINUX, DOCKER_MANIFEST),
      listed('host/app', { ...LINUX, 'os.version': '1', variant: 'v2' }, DOCKER_MANIFEST),
    ];
    const { bytes, mediaType } = encodeManifestList(images);
    assert.equal(mediaType, DOCKER_LIST);
    assert.equal(
      Buffer.from(bytes).toString(),
      `{
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
   "manifests": [
      {
         "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
         "size": 8,
         "digest": "${digestOf(Buffer.from('host/app'))}",
         "platform": {
            "architecture": "amd64",
            "os": "linux",
            "os.version": "1",
            "variant": "v2"
         }
      },
      {
         "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
         "size": 10,
         "digest": "${digestOf(Buffer.from('host:1/app'))}",
         "platform": {
            "architecture": "amd64",
            "os": "linux"
         }
      }
   ]
}`,
    );
  });

  it('needs a platform for each image before it is pushed', () => {
    needPlatforms([listed('a', LINUX)]);
    for (const platform of [undefined, { ...LINUX, os: '' }, { ...LINUX, architecture: '' }]) {
      assert.throws(() => needPlatforms([listed('a', LINUX), listed('b', platform)]), {
        message: 'manifest b must have an OS and Architecture to be pushed to a registry',
      });
    }
  });
});

describe('an image', () => {
  it('has the platform of its config', async () => {
    const repository = new MemoryRepository();
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
    await putImage(repository, await sampleImage({ platform }), '1');
    const found = await lookUpImage(repository, { selector: '1', reference: 'x:1' }, {});
    assert.deepEqual(found.descriptor.platform, platform);
  });

  it('that is none has no platform', async () => {
    const repository = new MemoryRepository();
    const blob = sampleBlob(Buffer.from('{}'));
    await putBlob(repository.blobs, blob);
    const { manifest: subject } = await sampleImage();
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: blob.digest, size: 2 };
    const artifact = encodeArtifact({
      artifactType: 'text/plain',
      config,
      layers: [],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: 1 },
    });
    await repository.putManifest(artifact, { tag: '1' });
    const found = await lookUpImage(repository, { selector: '1', reference: 'x:1' }, {});
    assert.equal(found.descriptor.platform, undefined);
  });

  it('must not be a list, and be there', async () => {
    const repository = new MemoryRepository();
    await putIndex(repository, await sampleIndex(), '1');
    const look = (selector: string) => lookUpImage(repository, { selector, reference: 'x:1' }, {});
    await assert.rejects(look('1'), { message: 'x:1 is a manifest list' });
    await assert.rejects(look('2'), { message: 'no such manifest: x:1' });
  });

  it('is annotated: what is said replaces, features are added', () => {
    const image = listed('a', { ...LINUX, 'os.features': ['x'], variant: 'v1' });
    const changes = { architecture: 'arm', variant: 'v7', osVersion: '2', osFeatures: ['y', 'x'] };
    assert.deepEqual(annotated(image, changes).descriptor.platform, {
      architecture: 'arm',
      os: 'linux',
      'os.version': '2',
      'os.features': ['x', 'y'],
      variant: 'v7',
    });
    assert.deepEqual(
      annotated(listed('a'), { os: 'linux', architecture: 'arm' }).descriptor.platform,
      {
        architecture: 'arm',
        os: 'linux',
      },
    );
  });

  it('cannot be for what Go does not know', () => {
    for (const [changes, words] of [
      [{ os: 'qnx' }, 'qnx/amd64'],
      [{ architecture: 'z80' }, 'linux/z80'],
    ] as const) {
      assert.throws(() => annotated(listed('a', LINUX), changes), {
        message: `manifest entry for image has unsupported os/arch combination: ${words}`,
      });
    }
  });
});

it('descriptors of an index keep their platforms as they are written', () => {
  const descriptor = {
    ...listed('a').descriptor,
    platform: { ...LINUX, architecture: 'arm64', variant: 'v8' },
  };
  assert.deepEqual(descriptorsIn(encodeIndex([descriptor])), [descriptor]);
});
