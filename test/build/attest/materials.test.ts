/** What a build took from elsewhere, as SLSA names it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageUrl, Materials } from '#build/attest/materials.ts';
import { digestOf, encodedOf } from '#core/digest.ts';
import { parseReference } from '#core/reference.ts';

const arm = { os: 'linux', architecture: 'arm', variant: 'v7' };
const digest = digestOf('x');
const hex = encodedOf(digest);

for (const [name, url] of [
  ['alpine:3.20', 'pkg:docker/alpine@3.20?platform=linux%2Farm%2Fv7'],
  ['alpine', 'pkg:docker/alpine@latest?platform=linux%2Farm%2Fv7'],
  ['reg.example:5000/a/b:1', 'pkg:docker/reg.example%3A5000/a/b@1?platform=linux%2Farm%2Fv7'],
  [
    `alpine@${digest}`,
    `pkg:docker/alpine?digest=${encodeURIComponent(digest)}&platform=linux%2Farm%2Fv7`,
  ],
] as const) {
  test(url, () => assert.equal(imageUrl(parseReference(name), arm), url));
}

test('each once and sorted, without what is secret in an address', () => {
  const materials = new Materials();
  const commit = 'a'.repeat(40);
  materials.git('https://me:token@host.example/x.git', 'main', commit);
  materials.file(new URL('https://me:pass@host.example/tool'), digest);
  materials.image(parseReference('alpine:3'), arm, digest);
  materials.image(parseReference('alpine:3'), arm, digest);
  assert.deepEqual(materials.list(), [
    { uri: 'https://host.example/tool', digest: { sha256: hex } },
    { uri: 'https://host.example/x.git#main', digest: { sha1: commit } },
    { uri: 'pkg:docker/alpine@3?platform=linux%2Farm%2Fv7', digest: { sha256: hex } },
  ]);
});
