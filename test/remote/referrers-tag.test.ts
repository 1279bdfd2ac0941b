/** A manifest with a subject, sent to registries that list referrers and to such that do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '#core/descriptor.ts';
import { digestOf } from '#core/digest.ts';
import { decodeManifest, encodeArtifact, encodeIndex, rawManifest } from '#core/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#core/media-type.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { type ScriptedExchange, scriptedPeer } from '#test/helpers/scripted-peer.ts';

const blob = (mediaType: string, text: string) => {
  return { mediaType, digest: digestOf(text), size: text.length };
};
const subject = blob(OCI_MANIFEST, 'the image');
const artifact = encodeArtifact({
  artifactType: 'application/x-note',
  config: blob('application/vnd.oci.empty.v1+json', '{}'),
  layers: [blob('text/plain', 'a note')],
  subject,
});
const other = blob(OCI_MANIFEST, 'another note');
const added = {
  mediaType: OCI_MANIFEST,
  digest: artifact.digest,
  size: artifact.bytes.byteLength,
  artifactType: 'application/x-note',
};
const tagPath = `/v2/test/app/manifests/${subject.digest.replace(':', '-')}`;

function put(headers: Readonly<Record<string, string>> = {}): ScriptedExchange {
  const path = `/v2/test/app/manifests/${artifact.digest}`;
  return { method: 'PUT', path, answer: { status: 201, headers } };
}

async function play(script: readonly ScriptedExchange[]): Promise<void> {
  await using peer = await scriptedPeer(script);
  await using remote = remoteAt(peer.address);
  await remote.putManifest(artifact);
}

function putIndex(
  listed: readonly object[],
  headers: Readonly<Record<string, string | null>> = {},
  status = 201,
): ScriptedExchange {
  return {
    method: 'PUT',
    path: tagPath,
    headers,
    body: (bytes) => {
      const index = decodeManifest(rawManifest(bytes));
      assert.deepEqual(index.kind === 'index' && index.manifests, listed);
    },
    answer: { status },
  };
}

function there(listed: readonly Descriptor[], etag?: string): ScriptedExchange {
  const headers = { 'content-type': OCI_INDEX, ...(etag === undefined ? {} : { etag }) };
  const answer = { status: 200, headers, body: encodeIndex(listed).bytes };
  return { method: 'GET', path: tagPath, answer };
}

const UNKNOWN = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}';
const nothing = { method: 'GET', path: tagPath, answer: { status: 404, body: UNKNOWN } };

test('a registry that knows the subject is told nothing more', () =>
  play([put({ 'OCI-Subject': subject.digest })]));

test('another one gets a tag that lists it', () =>
  play([put(), nothing, putIndex([added], { 'if-none-match': '*' }), there([added])]));

test('what is listed already stays, and is not listed twice', async () => {
  await play([put(), there([other]), putIndex([other, added]), there([other, added])]);
  await play([put(), there([other, added])]);
});

test('the list is written over what was read and nothing else: who was faster is read again', () =>
  play([
    put(),
    there([], '"one"'),
    putIndex([added], { 'if-match': '"one"', 'if-none-match': null }, 412),
    there([other], '"two"'),
    putIndex([other, added], { 'if-match': '"two"' }),
    there([other, added]),
  ]));

test('a registry without conditions: a list that somebody wrote over ours gets it again', () =>
  play([
    put(),
    nothing,
    putIndex([added]),
    there([other]),
    putIndex([other, added]),
    there([other, added]),
  ]));

test('a tag that is no list stays as it is', async () => {
  const image = encodeArtifact({ artifactType: 'a/b', config: other, layers: [], subject });
  const answer = { status: 200, headers: { 'content-type': OCI_MANIFEST }, body: image.bytes };
  await assert.rejects(play([put(), { method: 'GET', path: tagPath, answer }]), {
    code: 'MANIFEST_INVALID',
  });
});

test('asked to keep the list under the tag, a registry with the API gets it too', async () => {
  await using peer = await scriptedPeer([
    put({ 'OCI-Subject': subject.digest }),
    nothing,
    putIndex([added]),
    there([added]),
  ]);
  await using remote = remoteAt(peer.address, { referrersBy: 'tag' });
  await remote.putManifest(artifact);
});

test('manifests that are put at once are sent one after the other, each with its list', async () => {
  await using peer = await scriptedPeer([
    put(),
    nothing,
    putIndex([added]),
    there([added]),
    put(),
    there([added]),
  ]);
  await using remote = remoteAt(peer.address);
  await Promise.all([remote.putManifest(artifact), remote.putManifest(artifact)]);
});
