/** Which manifests refer to one: by the API of our own server and of scripted ones, and by the tag. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '#core/descriptor.ts';
import { digestOf } from '#core/digest.ts';
import { descriptorOf, encodeArtifact, encodeIndex } from '#core/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#core/media-type.ts';
import { putBlob, putImage, sampleBlob, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { type ScriptedExchange, scriptedPeer } from '#test/helpers/scripted-peer.ts';

const subject = digestOf('the image');
const api = `/v2/test/app/referrers/${subject}`;
const byTag = `/v2/test/app/manifests/${subject.replace(':', '-')}`;
const sorted = [listed('one', 'a/sbom'), listed('two', 'a/note')].sort((a, b) =>
  a.digest < b.digest ? -1 : 1,
);
const [first, second] = sorted;
assert.ok(first && second);

function listed(text: string, artifactType: string): Descriptor {
  return { mediaType: OCI_MANIFEST, digest: digestOf(text), size: 1, artifactType };
}

function get(
  path: string,
  manifests: readonly Descriptor[] | undefined,
  headers: Readonly<Record<string, string>> = {},
): ScriptedExchange {
  const answer = manifests
    ? {
        status: 200,
        headers: { 'content-type': OCI_INDEX, ...headers },
        body: encodeIndex(manifests).bytes,
      }
    : { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}' };
  return { method: 'GET', path, answer };
}

async function ask(
  script: readonly ScriptedExchange[],
  options: { readonly by?: 'api' | 'tag'; readonly artifactType?: string } = {},
): Promise<readonly Descriptor[]> {
  await using peer = await scriptedPeer(script);
  await using remote = remoteAt(peer.address, options.by ? { referrersBy: options.by } : {});
  const { artifactType } = options;
  return await remote.referrers(subject, artifactType === undefined ? {} : { artifactType });
}

test('our server tells what was pushed, with type and annotations', async () => {
  await using registry = await temporaryRegistry();
  await using remote = remoteAt(registry.address);
  const image = await sampleImage();
  await putImage(remote, image, 'v1');
  const config = sampleBlob(Buffer.from('{}'));
  await putBlob(remote.blobs, config);
  const raw = encodeArtifact({
    artifactType: 'a/note',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config.digest, size: 2 },
    layers: [],
    subject: descriptorOf(image.manifest),
    annotations: { a: 'b' },
  });
  await remote.putManifest(raw);
  const expected = { ...descriptorOf(raw), artifactType: 'a/note', annotations: { a: 'b' } };
  const { digest } = image.manifest;
  assert.deepEqual(await remote.referrers(digest), [expected]);
  assert.deepEqual(await remote.referrers(digest, { artifactType: 'a/note' }), [expected]);
  assert.deepEqual(await remote.referrers(digest, { artifactType: 'a/sbom' }), []);
  assert.deepEqual(await remote.referrers(subject), []);
});

test('all pages, each referrer once, sorted', async () => {
  const next = { link: `<${api}?last=x>; rel="next"` };
  const pages = [get(api, [second], next), get(`${api}?last=x`, [second, first])];
  assert.deepEqual(await ask(pages), sorted);
});

test('without the API the tag tells', async () => {
  assert.deepEqual(await ask([get(api, undefined), get(byTag, sorted)]), sorted);
  assert.deepEqual(await ask([get(api, undefined), get(byTag, undefined)]), []);
});

test('a registry that does not filter is filtered', async () => {
  const asked = get(`${api}?artifactType=a%2Fsbom`, sorted);
  const found = await ask([asked], { artifactType: 'a/sbom' });
  assert.deepEqual(
    found.map(({ artifactType }) => artifactType),
    ['a/sbom'],
  );
});

test('one of the two customs can be asked for', async () => {
  assert.deepEqual(await ask([get(byTag, sorted)], { by: 'tag' }), sorted);
  await assert.rejects(ask([get(api, undefined)], { by: 'api' }), { code: 'REGISTRY_REFUSED' });
});

test('a list without an end is refused', async () => {
  const again = get(api, [], { link: `<${api}>; rel="next"` });
  await assert.rejects(ask(Array.from({ length: 1001 }, () => again)), {
    code: 'REGISTRY_PROTOCOL',
  });
});
