/** A manifest with a subject, sent to registries that list referrers and to such that do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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

function putIndex(listed: readonly object[]): ScriptedExchange {
  return {
    method: 'PUT',
    path: tagPath,
    body: (bytes) => {
      const index = decodeManifest(rawManifest(bytes));
      assert.deepEqual(index.kind === 'index' && index.manifests, listed);
    },
    answer: { status: 201 },
  };
}

test('a registry that knows the subject is told nothing more', () =>
  play([put({ 'OCI-Subject': subject.digest })]));

test('another one gets a tag that lists it', () =>
  play([
    put(),
    { method: 'GET', path: tagPath, answer: { status: 404, body: UNKNOWN } },
    putIndex([added]),
  ]));

test('what is listed already stays, and is not listed twice', async () => {
  const index = encodeIndex([other]);
  const there = (bytes: Uint8Array): ScriptedExchange => ({
    method: 'GET',
    path: tagPath,
    answer: { status: 200, headers: { 'content-type': OCI_INDEX }, body: bytes },
  });
  await play([put(), there(index.bytes), putIndex([other, added])]);
  await play([put(), there(encodeIndex([other, added]).bytes)]);
});

const UNKNOWN = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}';
