/** Statements beside an image: one of a kind in each repository, those of others untouched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ATTESTATION_TYPE, PREDICATE_ANNOTATION } from '#core/attestation.ts';
import { descriptorOf, encodeArtifact } from '#core/manifest.ts';
import { parseTag } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { keepBeside } from '#image/keep-beside.ts';
import { putBlob, putImage, sampleBlob, sampleImage } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

test('a later statement replaces what it states anew, and nothing else', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  await using lease = await store.lease({ purpose: 'test' });
  const image = await sampleImage();
  const names = ['a/x:1', 'a/x:2', 'b/x:1'].map(parseTag);
  const repositories = ['docker.io/a/x', 'docker.io/b/x'].map((name) =>
    store.repository({ space: 'images', name, lease }),
  );
  for (const repository of repositories) await putImage(repository, image, '1');
  const make = async (
    predicates: readonly string[],
    artifactType = ATTESTATION_TYPE,
  ): Promise<RawManifest> => {
    const config = sampleBlob(Buffer.from('{}'));
    const layers = [];
    await putBlob(store.blobs(lease), config);
    for (const predicate of predicates) {
      const blob = sampleBlob();
      await putBlob(store.blobs(lease), blob);
      layers.push({
        mediaType: 'application/vnd.in-toto+json',
        digest: blob.digest,
        size: blob.bytes.byteLength,
        annotations: { [PREDICATE_ANNOTATION]: predicate },
      });
    }
    const size = config.bytes.byteLength;
    return encodeArtifact({
      artifactType,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config.digest, size },
      layers,
      subject: descriptorOf(image.manifest),
    });
  };
  const options = { store, lease, names };
  const [both, signature] = [await make(['p', 's']), await make(['p'], 'application/x-signature')];
  const [first, second] = [await make(['p']), await make(['p'])];
  await keepBeside([first, signature], options);
  await keepBeside([second], options);
  const kept = async () => {
    const lists = await Promise.all(
      repositories.map((repository) => repository.referrers(image.manifest.digest)),
    );
    return lists.map((list) => list.map(({ digest }) => digest).sort());
  };
  const expected = [second, signature].map(({ digest }) => digest).sort();
  assert.deepEqual(await kept(), [expected, expected]);
  await keepBeside([both], options);
  await keepBeside([first], options);
  const all = [both, first, signature].map(({ digest }) => digest).sort();
  assert.deepEqual(await kept(), [all, all], 'what states more stays');
});
