/** The tools for registries against one that answers as it likes: an error, never a trace, never for ever. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { descriptorOf, encodeIndex } from '#core/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#core/media-type.ts';
import { slipway } from '#test/helpers/cli-process.ts';
import { sampleImage } from '#test/helpers/images.ts';
import {
  type ScriptedAnswer,
  type ScriptedExchange,
  scriptedPeer,
} from '#test/helpers/scripted-peer.ts';

const MANIFEST = '/v2/app/manifests/1';
const get = (path: string, answer: ScriptedAnswer): ScriptedExchange => ({
  method: 'GET',
  path,
  answer,
});

function manifest(body: string | Uint8Array, mediaType = OCI_MANIFEST): ScriptedAnswer {
  return { status: 200, headers: { 'content-type': mediaType }, body };
}

/** What a command says of such answers; `NAME` in its words is the image. */
async function said(words: string, script: readonly ScriptedExchange[]): Promise<string> {
  await using peer = await scriptedPeer(script);
  const argv = words.split(' ').map((word) => word.replace('HOST', peer.address));
  const { exitCode, stderr, stdout } = await slipway(argv);
  assert.equal(exitCode, 1, stdout + stderr);
  assert.doesNotMatch(stderr, /^ {4}at /m);
  return stderr + stdout;
}

describe('what a registry may answer', () => {
  for (const words of ['manifest inspect HOST/app:1', 'imagetools inspect HOST/app:1']) {
    it(`${words}: no JSON, no manifest, and more than a manifest may be`, async () => {
      for (const [body, message] of [
        ['<html>', /not valid JSON/],
        ['{"schemaVersion": 1}', /manifest invalid|unsupported/],
        ['['.repeat(300_000), /not valid JSON|nested/],
        [Buffer.alloc(4 * 1024 * 1024 + 1, ' '), /more than 4 MiB/],
      ] as const) {
        assert.match(await said(words, [get(MANIFEST, manifest(body))]), message);
      }
    });
  }

  it('digest: a digest that is none, and one that the bytes do not have', async () => {
    const head = { method: 'HEAD', path: MANIFEST } as const;
    const { manifest: raw } = await sampleImage();
    const stated = {
      'content-type': OCI_MANIFEST,
      'docker-content-digest': digestOf(Buffer.from('x')),
    };
    const output = await said('digest HOST/app:1', [
      { ...head, answer: { status: 200, headers: { 'docker-content-digest': 'sha256:x' } } },
      get(MANIFEST, { status: 200, headers: stated, body: raw.bytes }),
    ]);
    assert.match(output, /manifest verification failed/);
  });

  it('validate: an index that lists itself a thousand times, and what is not there', async () => {
    const missing = { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from('x')), size: 1 };
    const raw = encodeIndex(Array.from({ length: 1000 }, () => missing));
    const head = { 'content-type': OCI_INDEX, 'docker-content-digest': raw.digest };
    const output = await said('validate --no-referrers HOST/app:1', [
      { method: 'HEAD', path: MANIFEST, answer: { status: 200, headers: head, body: raw.bytes } },
      get(`/v2/app/manifests/${raw.digest}`, manifest(raw.bytes, OCI_INDEX)),
      get(`/v2/app/manifests/${missing.digest}`, { status: 404, body: '{}' }),
    ]);
    assert.match(output, /BAD {2}sha256:\w+: manifest for .* not found/);
    assert.match(output, /FAIL: /);
  });

  it('imagetools create: an index whose images are not there is refused by who takes it', async () => {
    const { manifest: image } = await sampleImage();
    const raw = encodeIndex([descriptorOf(image)]);
    const refusal = JSON.stringify({
      errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'x\u001b[2Jy' }],
    });
    const output = await said('imagetools create -t HOST/app:2 HOST/app:1', [
      get(MANIFEST, manifest(raw.bytes, OCI_INDEX)),
      { method: 'PUT', path: '/v2/app/manifests/2', answer: { status: 400, body: refusal } },
    ]);
    assert.match(output, /manifest blob unknown: x \[2Jy/);
  });

  it('tag rm: a registry that says yes to all and does nothing is found out', async () => {
    const { manifest: image } = await sampleImage();
    const there = { 'content-type': OCI_MANIFEST, 'docker-content-digest': image.digest };
    const still: ScriptedExchange = {
      method: 'HEAD',
      path: MANIFEST,
      answer: { status: 200, headers: there, body: image.bytes },
    };
    const output = await said('tag rm HOST/app:1', [
      get(MANIFEST, manifest(image.bytes)),
      { method: 'DELETE', path: MANIFEST, answer: { status: 202 } },
      still,
      {
        method: 'POST',
        path: '/v2/app/blobs/uploads/',
        answer: { status: 202, headers: { location: '/upload' } },
      },
      { method: 'PUT', path: /^\/upload\?digest=/, answer: { status: 201 } },
      { method: 'PUT', path: MANIFEST, answer: { status: 201 } },
      { method: 'DELETE', path: /^\/v2\/app\/manifests\/sha256:/, answer: { status: 202 } },
      still,
      { method: 'PUT', path: MANIFEST, answer: { status: 201 } },
    ]);
    assert.match(
      output,
      /deletes neither tags \(accepted, and not done\) nor manifests \(accepted, and not done\)/,
    );
  });
});
