/** A tag goes and what it named stays, whatever the registry is able to do; or nothing changes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { decodeManifest } from '#core/manifest.ts';
import { DOCKER_CONFIG, DOCKER_MANIFEST } from '#core/media-type.ts';
import type { CallOptions, RawManifest } from '#core/repository.ts';
import { removeTag } from '#image/remove-tag.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putBlob, putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { peers } from '#test/interop/host.ts';

function refused(status: number): SlipwayError {
  return new SlipwayError('REGISTRY_REFUSED', `unsupported (${status})`, { detail: { status } });
}

/** What a registry does in place of what it should. */
interface Faults {
  readonly deleteTag?: (tag: string) => Promise<boolean>;
  readonly deleteManifest?: (digest: string) => Promise<boolean>;
  readonly putManifest?: (raw: RawManifest, tag: string | undefined) => void;
}

class FaultyRepository extends MemoryRepository {
  readonly faults: Faults;
  readonly put: RawManifest[] = [];

  constructor(faults: Faults) {
    super();
    this.faults = faults;
  }

  override async deleteTag(tag: string): Promise<boolean> {
    return (await this.faults.deleteTag?.(tag)) ?? super.deleteTag(tag);
  }

  override async deleteManifest(digest: RawManifest['digest']): Promise<boolean> {
    return (await this.faults.deleteManifest?.(digest)) ?? super.deleteManifest(digest);
  }

  override async putManifest(
    raw: RawManifest,
    options: CallOptions & { readonly tag?: string } = {},
  ) {
    this.faults.putManifest?.(raw, options.tag);
    this.put.push(raw);
    return await super.putManifest(raw, options);
  }
}

const NO_TAGS = async (): Promise<never> => {
  throw refused(405);
};

async function holding(
  faults: Faults,
): Promise<{ repository: FaultyRepository; image: RawManifest }> {
  const repository = new FaultyRepository(faults);
  const image = await sampleImage();
  await putImage(repository, image, 'v1');
  await repository.putManifest(image.manifest, { tag: 'v2' });
  repository.put.length = 0;
  return { repository, image: image.manifest };
}

describe('a tag of a registry', () => {
  it('of our own is deleted by its name, and the other tags stay', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const index = await sampleIndex();
    await putIndex(remote, index, 'v1');
    await remote.putManifest(index.manifest, { tag: 'v2' });
    const { digest } = index.manifest;
    assert.deepEqual(await removeTag(remote, 'v1'), { kept: digest, way: 'tag' });
    assert.deepEqual(await remote.listTags(), ['v2']);
    assert.equal((await remote.resolve('v2')).digest, digest);
  });

  it('that is the last one: the manifest can be had by its digest', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const image = await sampleImage();
    await putImage(remote, image, 'v1');
    await removeTag(remote, 'v1');
    assert.equal((await remote.getManifest(image.manifest.digest)).digest, image.manifest.digest);
  });

  it('of docker-registry, which deletes no tags, goes by a stand-in', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await using remote = remoteAt(registry.address);
    const image = await sampleImage();
    await putImage(remote, image, 'v1');
    await remote.putManifest(image.manifest, { tag: 'v2' });
    const { digest } = image.manifest;
    assert.deepEqual(await removeTag(remote, 'v1'), { kept: digest, way: 'stand-in' });
    assert.deepEqual(await remote.listTags(), ['v2']);
    assert.equal((await remote.resolve('v2')).digest, digest);
    await removeTag(remote, 'v2');
    assert.equal((await remote.resolve(digest)).digest, digest);
  });

  it('of a registry of ours that deletes nothing stays as it is', async () => {
    await using registry = await temporaryRegistry({ allowDelete: false });
    await using remote = remoteAt(registry.address);
    const image = await sampleImage();
    await putImage(remote, image, 'v1');
    await assert.rejects(removeTag(remote, 'v1'), {
      code: 'REGISTRY_REFUSED',
      message: /^the registry deletes neither tags \(.*\) nor manifests \(.*\)$/,
    });
    assert.equal((await remote.resolve('v1')).digest, image.manifest.digest);
  });

  it('that is not there', async () => {
    await assert.rejects(removeTag(new MemoryRepository(), 'v1'), { code: 'MANIFEST_UNKNOWN' });
  });
});

describe('registries that do otherwise', () => {
  it('delete the manifest with its tag: it is put back, without a tag', async () => {
    const { repository, image } = await holding({});
    const faults: Faults = {
      deleteTag: async () => await repository.deleteManifest(image.digest),
    };
    Object.assign(repository, { faults });
    assert.deepEqual(await removeTag(repository, 'v1'), { kept: image.digest, way: 'tag' });
    assert.equal((await repository.resolve(image.digest)).digest, image.digest);
    assert.deepEqual(await Array.fromAsync(repository.tags()), []);
  });

  for (const [what, deleteTag] of [
    ['refuse', NO_TAGS],
    ['know no such thing', async () => false],
    ['accept, and do nothing', async () => true],
  ] as const) {
    it(`${what}: a stand-in takes the tag and goes, nothing else does`, async () => {
      const { repository, image } = await holding({ deleteTag });
      assert.deepEqual(await removeTag(repository, 'v1'), { kept: image.digest, way: 'stand-in' });
      assert.deepEqual(await Array.fromAsync(repository.tags()), ['v2']);
      assert.equal((await repository.resolve('v2')).digest, image.digest);
      const [standIn, ...others] = repository.put;
      assert.ok(standIn && others.length === 0);
      await assert.rejects(repository.resolve(standIn.digest), { code: 'MANIFEST_UNKNOWN' });
    });
  }

  it('two stand-ins are never the same', async () => {
    const { repository } = await holding({ deleteTag: NO_TAGS });
    await removeTag(repository, 'v1');
    await removeTag(repository, 'v2');
    assert.equal(new Set(repository.put.map(({ digest }) => digest)).size, 2);
  });

  it('an image of docker’s form has a stand-in of that form', async () => {
    const repository = new FaultyRepository({ deleteTag: NO_TAGS });
    const image = await sampleImage();
    for (const blob of image.blobs) await putBlob(repository.blobs, blob);
    const document = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    document.mediaType = DOCKER_MANIFEST;
    document.config.mediaType = DOCKER_CONFIG;
    const bytes = Buffer.from(JSON.stringify(document));
    await repository.putManifest(
      { mediaType: DOCKER_MANIFEST, digest: digestOf(bytes), bytes },
      { tag: 'v1' },
    );
    await removeTag(repository, 'v1');
    const standIn = repository.put.at(-1);
    assert.ok(standIn);
    const manifest = decodeManifest(standIn);
    assert.equal(standIn.mediaType, DOCKER_MANIFEST);
    assert.equal(manifest.kind === 'image' && manifest.config.mediaType, DOCKER_CONFIG);
  });

  for (const [what, faults] of [
    ['delete no manifests either', { deleteManifest: NO_TAGS }],
    ['accept that, too, and do nothing', { deleteManifest: async () => true }],
    ['know no such manifest', { deleteManifest: async () => false }],
  ] as const) {
    it(`${what}: the tag names again what it named`, async () => {
      const { repository, image } = await holding({ deleteTag: NO_TAGS, ...faults });
      await assert.rejects(removeTag(repository, 'v1'), { code: 'REGISTRY_REFUSED' });
      assert.equal((await repository.resolve('v1')).digest, image.digest);
    });
  }

  it('tags that cannot be changed: nothing was tried that could', async () => {
    const { repository, image } = await holding({ deleteTag: NO_TAGS });
    const faults: Faults = {
      deleteTag: NO_TAGS,
      putManifest: (_raw, tag) => {
        if (tag !== undefined) throw refused(400);
      },
    };
    Object.assign(repository, { faults });
    await assert.rejects(removeTag(repository, 'v1'), {
      code: 'REGISTRY_REFUSED',
      message: /no manifest can take its place/,
    });
    assert.equal((await repository.resolve('v1')).digest, image.digest);
  });

  it('who may not is told so, and nothing is tried behind it', async () => {
    const { repository } = await holding({
      deleteTag: async () => {
        throw new SlipwayError('UNAUTHORIZED', 'denied', { detail: { status: 403 } });
      },
    });
    await assert.rejects(removeTag(repository, 'v1'), { code: 'UNAUTHORIZED' });
    assert.deepEqual(repository.put, []);
  });

  it('a failure in between puts the tag back', async () => {
    const { repository, image } = await holding({
      deleteTag: NO_TAGS,
      deleteManifest: async () => {
        throw new SlipwayError('REGISTRY_UNREACHABLE', 'EOF');
      },
    });
    await assert.rejects(removeTag(repository, 'v1'), { code: 'REGISTRY_UNREACHABLE' });
    assert.equal((await repository.resolve('v1')).digest, image.digest);
  });

  it('what can be neither removed nor put back is told with what it should be', async () => {
    const { repository, image } = await holding({ deleteTag: NO_TAGS });
    const faults: Faults = {
      deleteTag: NO_TAGS,
      deleteManifest: NO_TAGS,
      putManifest: (raw) => {
        if (raw.digest === image.digest) throw refused(500);
      },
    };
    Object.assign(repository, { faults });
    await assert.rejects(removeTag(repository, 'v1'), {
      message: `the tag v1 could be neither removed nor put back: it should name ${image.digest}`,
    });
  });
});
