/** What a user may write for `why`: digests, their beginnings, names here and in the registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodedOf } from '#core/digest.ts';
import { whyHeld } from '#image/why.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

test('a digest, its beginning, a name, a name in the registry', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const [local, pushed] = [await sampleImage(), await sampleImage()];
  await storeImage(store, local, 'app:1');
  {
    await using lease = await store.lease({ purpose: 'test' });
    const repository = store.repository({ space: 'registry', name: 'team/app', lease });
    await putImage(repository, pushed, 'v1');
  }
  const { digest } = local.manifest;
  for (const [text, expected] of [
    [digest, digest],
    [encodedOf(digest), digest],
    [encodedOf(digest).slice(0, 12), digest],
    [digest.slice(0, 20), digest],
    [local.imageId, local.imageId],
    ['app:1', digest],
    [`app@${digest}`, digest],
    ['localhost:5000/team/app:v1', pushed.manifest.digest],
  ] as const) {
    assert.equal((await whyHeld(text, store)).digest, expected, text);
  }
});

test('what is not here, and what is not clear', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  for (let i = 0; i < 6; i += 1) await storeImage(store, await sampleImage());
  for (const text of ['nosuch:1', 'NOT A NAME', 'sha256:00zz', `sha256:${'0'.repeat(64)}`]) {
    await assert.rejects(whyHeld(text, store), { code: 'BLOB_UNKNOWN' }, text);
  }
  // Of 24 digests, two begin with the same digit.
  const begins = [...'0123456789abcdef'].filter((digit) => store.digestsFrom(digit).length > 1);
  assert.ok(begins[0]);
  await assert.rejects(whyHeld(`sha256:${begins[0]}`, store), { code: 'IMAGE_ID_AMBIGUOUS' });
});
