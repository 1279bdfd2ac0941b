/** Packages as SPDX 2.3, and their package URLs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstalledPackage } from '#image/sbom/package.ts';
import { packageUrl, spdxDocument } from '#image/sbom/spdx.ts';

const subject = {
  name: 'sha256:abc',
  namespace: 'urn:example:1',
  created: '2026-01-02T03:04:05.678Z',
  tool: 'slipway-1',
  unread: [],
};

function one(given: Partial<InstalledPackage>): InstalledPackage {
  return { type: 'npm', name: 'a', version: '1', foundIn: 'a/b', ...given };
}

const urls = [
  [
    one({ type: 'deb', name: 'libc6', version: '2.36-9', architecture: 'amd64' }),
    'debian',
    'pkg:deb/debian/libc6@2.36-9?arch=amd64',
  ],
  [one({ type: 'deb', name: 'g++', version: '4:12.2' }), undefined, 'pkg:deb/g%2B%2B@4%3A12.2'],
  [one({ name: '@s/b', version: '2.0.0' }), 'debian', 'pkg:npm/%40s/b@2.0.0'],
  [
    one({ type: 'rpm', name: 'bash', version: '5.2-3', architecture: 'x86_64', epoch: 1 }),
    'fedora',
    'pkg:rpm/fedora/bash@5.2-3?arch=x86_64&epoch=1',
  ],
  [one({ type: 'pypi', name: 'Flask_Login' }), undefined, 'pkg:pypi/flask-login@1'],
] as const;

for (const [given, distribution, url] of urls) {
  test(url, () => assert.equal(packageUrl(given, distribution), url));
}

test('a document names its image, what is in it, and nothing that nobody knows', () => {
  const packages = [one({ license: 'MIT OR Apache-2.0' }), one({ name: 'b', license: 'see file' })];
  const document = JSON.parse(JSON.stringify(spdxDocument(packages, subject)));
  assert.equal(document.spdxVersion, 'SPDX-2.3');
  assert.equal(document.creationInfo.created, '2026-01-02T03:04:05Z');
  assert.equal(document.comment, undefined);
  const [image, ...listed] = document.packages;
  assert.equal(image.name, 'sha256:abc');
  assert.deepEqual(
    listed.map((found: Record<string, string>) => [found.name, found.licenseDeclared]),
    [
      ['a', 'MIT OR Apache-2.0'],
      ['b', 'NOASSERTION'],
    ],
  );
  const ids = document.packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID);
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
  assert.deepEqual(
    document.relationships.map((each: Record<string, string>) => each.relatedSpdxElement),
    ids,
  );
});

test('what was not read is said in the document', () => {
  const document = JSON.stringify(spdxDocument([], { ...subject, unread: ['var/lib/rpm'] }));
  assert.match(document, /not complete: the packages listed in var\/lib\/rpm were not read/);
});
