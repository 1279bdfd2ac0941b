/**
 * What every place promises: images that were put into it can be opened again by the name they got, byte
 * for byte, with all platforms and with what refers to them. One suite for all kinds.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import pLimit from 'p-limit';
import { isDigest } from '#core/digest.ts';
import { parsePlace } from '#core/place.ts';
import { hostPlatform } from '#core/platform.ts';
import { openSource } from '#engine/open-source.ts';
import { openTarget } from '#engine/open-target.ts';
import { Resources } from '#engine/resources.ts';
import type { OutgoingImage } from '#image/family.ts';
import { putImages } from '#image/put-images.ts';
import { companionsIn } from '#store/companions.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { walkImage } from '#store/walk.ts';
import {
  companionTag,
  putCompanion,
  sampleReferrer,
  sampleSignature,
} from '#test/helpers/companions.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface Machine extends AsyncDisposable {
  readonly resources: Resources;
  /** host:port of a registry. */
  readonly registry: string;
  at(...names: string[]): string;
}

async function machine(): Promise<Machine> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(tempFolder());
  const { address: registry } = stack.use(await temporaryRegistry());
  const resources = stack.use(
    new Resources({
      root: folder.at('store'),
      helper: HELPER,
      snapshotter: 'auto',
      parallelTransfers: 3,
    }),
  );
  return {
    resources,
    registry,
    at: folder.at,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** An index that is signed in both customs, an image of it that has an SBOM, and a plain image. */
async function samples() {
  const repository = new MemoryRepository();
  const [index, image] = [await sampleIndex(), await sampleImage()];
  await putIndex(repository, index, 'multi');
  await putImage(repository, image, 'plain');
  const child = index.images[0]?.manifest;
  assert.ok(child);
  const [sbom, ofSbom, signature] = [
    sampleReferrer(child),
    sampleReferrer(index.manifest),
    sampleSignature(),
  ];
  const sig = companionTag(index.manifest.digest, '.sig');
  await putCompanion(repository, sbom);
  await putCompanion(repository, ofSbom);
  await putCompanion(repository, signature, sig);
  return { repository, index, image, sig, companions: [sbom, ofSbom, signature] };
}

const NAME = { registry: 'localhost:5000', repository: 'team/app' };

function outgoing(
  from: MemoryRepository,
  selector: string,
  more: Partial<OutgoingImage> = {},
): OutgoingImage {
  return { from, selector, tags: [selector], name: NAME, ...more };
}

async function put(place: string, images: readonly OutgoingImage[], { resources }: Machine) {
  await using target = await openTarget(resources, parsePlace(place));
  const host = hostPlatform(process.arch);
  return await putImages(target, images, { host, limit: pLimit(3) });
}

/** Where it is written to, and how one image of it is called. */
const KINDS: Readonly<
  Record<
    string,
    (machine: Machine) => { readonly target: string; readonly image: (tag: string) => string }
  >
> = {
  'a registry': ({ registry }) => ({
    target: `docker://${registry}/team/app`,
    image: (tag) => `${registry}/team/app:${tag}`,
  }),
  'the local store': () => ({
    target: 'store:localhost:5000/team/app',
    image: (tag) => `store:localhost:5000/team/app:${tag}`,
  }),
  'an OCI layout folder': ({ at }) => ({
    target: `oci:${at('layout')}`,
    image: (tag) => `oci:${at('layout')}:${tag}`,
  }),
  'an OCI archive': ({ at }) => ({
    target: `oci-archive:${at('x.tar')}`,
    image: (tag) => `oci-archive:${at('x.tar')}:localhost:5000/team/app:${tag}`,
  }),
  'a docker archive': ({ at }) => ({
    target: `docker-archive:${at('x.tar')}`,
    image: (tag) => `docker-archive:${at('x.tar')}:localhost:5000/team/app:${tag}`,
  }),
  'a bundle': ({ at }) => ({
    target: `bundle:${at('x.tar')}`,
    image: (tag) => `bundle:${at('x.tar')}:${tag}`,
  }),
  'a path that says nothing': ({ at }) => ({
    target: at('x.tar'),
    image: (tag) => `${at('x.tar')}:${tag}`,
  }),
};

for (const [kind, places] of Object.entries(KINDS)) {
  describe(kind, () => {
    test('gives back images as they were, all platforms, and what refers to them', async () => {
      await using here = await machine();
      const { repository, index, image, sig, companions } = await samples();
      const { target, image: nameOf } = places(here);
      const sent = [outgoing(repository, 'multi'), outgoing(repository, 'plain')];
      const gave = await put(target, sent, here);
      assert.deepEqual(
        gave.map(({ digest }) => digest),
        [index.manifest.digest, image.manifest.digest],
      );
      for (const [tag, root] of [
        ['multi', index.manifest],
        ['plain', image.manifest],
      ] as const) {
        await using source = await openSource(here.resources, parsePlace(nameOf(tag)));
        const selector = await source.selector();
        assert.equal((await source.repository.resolve(selector)).digest, root.digest);
        const found = await walkImage(source.repository, { selector });
        assert.deepEqual(found, { ...(await walkImage(repository, { selector: root.digest })) });
        for (const { digest, size } of found.blobs) {
          let read = 0;
          for await (const chunk of source.repository.blobs.read(digest)) read += chunk.length;
          assert.equal(read, size);
        }
      }
      await using source = await openSource(here.resources, parsePlace(nameOf('multi')));
      const subjects = [index.manifest, ...index.images.map(({ manifest }) => manifest)];
      const found = await companionsIn(source.repository, {
        subjects: subjects.map(({ digest }) => digest),
      });
      assert.deepEqual(
        found.map(({ digest }) => digest).sort(),
        companions.map(({ manifest }) => manifest.digest).sort(),
      );
      assert.deepEqual(
        found.flatMap(({ tag }) => tag ?? []),
        [sig],
      );
    });

    test('one platform without what refers to it', async () => {
      await using here = await machine();
      const { repository, index } = await samples();
      const { target, image: nameOf } = places(here);
      const platform = { os: 'linux', architecture: 'arm64' };
      await put(target, [outgoing(repository, 'multi', { platform, noReferrers: true })], here);
      await using source = await openSource(here.resources, parsePlace(nameOf('multi')));
      const { digest } = await source.repository.resolve(await source.selector());
      assert.equal(digest, index.images[1]?.manifest.digest);
      assert.deepEqual(await companionsIn(source.repository, { subjects: [digest] }), []);
      const tags = await Array.fromAsync(source.repository.tags());
      assert.deepEqual(tags, ['multi']);
    });

    test('an image that is not there: said when it is asked for', async () => {
      await using here = await machine();
      const { repository } = await samples();
      const { target, image: nameOf } = places(here);
      await put(target, [outgoing(repository, 'plain')], here);
      await using source = await openSource(here.resources, parsePlace(nameOf('none')));
      const asking = (async () => source.repository.resolve(await source.selector()))();
      await assert.rejects(asking, { code: /^(MANIFEST|IMAGE)_UNKNOWN$/ });
    });
  });
}

describe('what a place names', () => {
  test('nothing: the only image of an archive, and with several those there are', async () => {
    await using here = await machine();
    const { repository, image } = await samples();
    await put(`bundle:${here.at('one.tar')}`, [outgoing(repository, 'plain')], here);
    await using one = await openSource(here.resources, parsePlace(here.at('one.tar')));
    assert.equal(await one.selector(), image.manifest.digest);
    const both = [outgoing(repository, 'multi'), outgoing(repository, 'plain')];
    await put(`bundle:${here.at('two.tar')}`, both, here);
    await using two = await openSource(here.resources, parsePlace(here.at('two.tar')));
    await assert.rejects(two.selector(), {
      code: 'MANIFEST_UNKNOWN',
      hint: /localhost:5000\/team\/app:multi, localhost:5000\/team\/app:plain/,
    });
  });

  test('an image of an archive by its number', async () => {
    await using here = await machine();
    const { repository, image, index } = await samples();
    const both = [outgoing(repository, 'multi'), outgoing(repository, 'plain')];
    await put(`bundle:${here.at('x.tar')}`, both, here);
    for (const [number, digest] of [
      [0, index.manifest.digest],
      [1, image.manifest.digest],
    ]) {
      const place = parsePlace(`docker-archive:${here.at('x.tar')}:@${number}`);
      await using source = await openSource(here.resources, place);
      assert.equal(await source.selector(), digest);
    }
    const none = parsePlace(`docker-archive:${here.at('x.tar')}:@9`);
    await using source = await openSource(here.resources, none);
    await assert.rejects(source.selector(), { code: 'MANIFEST_UNKNOWN' });
  });

  test('an image of the store by its ID, and by its digest', async () => {
    await using here = await machine();
    const { repository, image } = await samples();
    await put('store:app', [outgoing(repository, 'plain')], here);
    for (const name of [image.imageId, image.imageId.slice(7, 19), image.manifest.digest]) {
      await using source = await openSource(here.resources, parsePlace(`store:${name}`));
      assert.equal(await source.selector(), image.manifest.digest);
    }
  });

  test('a digest in each kind', async () => {
    await using here = await machine();
    const { repository, index } = await samples();
    const child = index.images[0]?.manifest.digest;
    assert.ok(child !== undefined && isDigest(child));
    for (const places of Object.values(KINDS)) {
      const { target } = places(here);
      await put(target, [outgoing(repository, 'multi')], here);
      await using source = await openSource(here.resources, parsePlace(`${target}@${child}`));
      assert.equal((await source.repository.resolve(await source.selector())).digest, child);
    }
  });
});

describe('what is refused', () => {
  for (const [place, code] of [
    [`store:app@sha256:${'a'.repeat(64)}`, 'USAGE'],
    [`app@sha256:${'a'.repeat(64)}`, 'USAGE'],
    [`oci:x@sha256:${'a'.repeat(64)}`, 'USAGE'],
    ['./somewhere', 'USAGE'],
    ['store:Upper', 'REFERENCE_INVALID'],
  ] as const) {
    test(`writing to ${place.slice(0, 24)}`, async () => {
      await using here = await machine();
      await assert.rejects(openTarget(here.resources, parsePlace(place)), { code });
    });
  }

  test('a tag without a name in an archive, where the image has none', async () => {
    await using here = await machine();
    const { repository } = await samples();
    const { name: _, ...nameless } = outgoing(repository, 'plain');
    const putting = put(`oci-archive:${here.at('x.tar')}:v1`, [nameless], here);
    await assert.rejects(putting, { code: 'USAGE' });
  });

  test('reading what is not there, and what is no archive', async () => {
    await using here = await machine();
    await writeFile(here.at('text'), 'not a tar');
    for (const [place, code] of [
      [`oci:${here.at('none')}`, 'FILE_MISSING'],
      [`oci-archive:${here.at('none.tar')}`, 'FILE_MISSING'],
      [here.at('text'), 'FILE_UNUSABLE'],
    ] as const) {
      await assert.rejects(openSource(here.resources, parsePlace(place)), { code });
    }
  });
});
