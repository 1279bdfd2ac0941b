/** Signatures and the like of an image, found by their subject and by their tags. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Digest, digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { companionsIn, subjectOfTag } from '#store/companions.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import {
  companionTag,
  putCompanion,
  sampleReferrer,
  sampleSignature,
} from '#test/helpers/companions.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

describe('subjectOfTag', () => {
  const subject = digestOf('image');
  for (const ending of ['', '.sig', '.att', '.sbom']) {
    it(`sha256-<hex>${ending} is about that digest`, () => {
      assert.equal(subjectOfTag(companionTag(subject, ending)), subject);
    });
  }
  for (const tag of ['latest', 'sha256-abc.sig', `${companionTag(subject, '.exe')}`, 'sha256-']) {
    it(`${tag.slice(0, 20)} is an ordinary tag`, () => {
      assert.equal(subjectOfTag(tag), undefined);
    });
  }
});

describe('companionsIn', () => {
  it('finds those of the image, and those of these', async () => {
    await using place = await repositoryWithImage();
    const { repository, image } = place;
    const sbom = sampleReferrer(image.manifest);
    const ofSbom = sampleReferrer(sbom.manifest);
    const signature = sampleSignature();
    const tag = companionTag(image.manifest.digest, '.sig');
    await putCompanion(repository, sbom);
    await putCompanion(repository, ofSbom);
    await putCompanion(repository, signature, tag);
    const found = await companionsIn(repository, { subjects: [image.manifest.digest] });
    assert.deepEqual(found, [
      { digest: sbom.manifest.digest, subject: image.manifest.digest },
      { digest: signature.manifest.digest, subject: image.manifest.digest, tag },
      { digest: ofSbom.manifest.digest, subject: sbom.manifest.digest },
    ]);
  });

  it('of an image that nobody signed there are none', async () => {
    await using place = await repositoryWithImage();
    const subjects: readonly Digest[] = [place.image.manifest.digest];
    assert.deepEqual(await companionsIn(place.repository, { subjects }), []);
  });

  it('where the list of tags is refused, tags are asked for one by one', async () => {
    await using place = await repositoryWithImage();
    const { repository, image } = place;
    const signature = sampleSignature();
    const tag = companionTag(image.manifest.digest, '.sig');
    await putCompanion(repository, signature, tag);
    const subjects = [image.manifest.digest];
    const listed = await companionsIn(repository, { subjects });
    repository.tags = () => {
      throw new SlipwayError('UNAUTHORIZED', 'no list for you');
    };
    assert.deepEqual(await companionsIn(repository, { subjects }), listed);
    assert.deepEqual(listed, [{ digest: signature.manifest.digest, subject: subjects[0], tag }]);
  });

  it('signatures of signatures without end are refused', async () => {
    await using place = await repositoryWithImage();
    let subject = place.image.manifest;
    for (let i = 0; i < 8; i += 1) {
      const next = sampleReferrer(subject);
      await putCompanion(place.repository, next);
      subject = next.manifest;
    }
    const subjects = [place.image.manifest.digest];
    await assert.rejects(companionsIn(place.repository, { subjects }), {
      code: 'MANIFEST_INVALID',
    });
  });
});

async function repositoryWithImage() {
  const { store, ...held } = await temporaryStore();
  const lease = await store.lease({ purpose: 'test' });
  const repository: LocalRepository = store.repository({ space: 'images', name: 'app', lease });
  const image = await sampleImage();
  await putImage(repository, image, 'latest');
  return { repository, image, ...held };
}
