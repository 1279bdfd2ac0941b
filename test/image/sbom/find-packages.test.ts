/** What an image says is installed in it, read from its layers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntrySource } from '#archive/entry.ts';
import { type FoundPackages, findPackages } from '#image/sbom/find-packages.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { directory, file, layerIn, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

async function find(...layers: readonly (readonly EntrySource[])[]): Promise<FoundPackages> {
  using folder = tempFolder();
  const files = [];
  for (const layer of layers) files.push(await layerIn(folder.path, await tarOf(layer)));
  using tree = MergedTree.open(files);
  return findPackages(tree);
}

const STATUS = `Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4+deb12u5
Description: Debian base system
 Version: not this one

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2024a-0
`;

const APK = `C:Q1abc=
P:musl
V:1.2.5-r0
A:x86_64
L:MIT
p:so:libc.musl-x86_64.so.1=1
F:lib
R:libc.so
a:0:0:755

P:busybox
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
`;

test("dpkg's status: what is installed, not what left its configuration", async () => {
  const foundIn = 'var/lib/dpkg/status';
  const { packages, unread } = await find([file(foundIn, STATUS)]);
  assert.deepEqual(packages, [
    { type: 'deb', name: 'base-files', version: '12.4+deb12u5', foundIn, architecture: 'amd64' },
    { type: 'deb', name: 'tzdata', version: '2024a-0', foundIn, architecture: 'all' },
  ]);
  assert.deepEqual(unread, []);
});

test('dpkg in pieces, as distroless images have it', async () => {
  const piece = 'Package: libc6\nArchitecture: arm64\nVersion: 2.36\n';
  const { packages } = await find([
    file('var/lib/dpkg/status.d/libc6', piece),
    file('var/lib/dpkg/status.d/libc6.md5sums', 'abc  usr/lib/libc.so\n'),
  ]);
  assert.deepEqual(
    packages.map(({ name, foundIn }) => [name, foundIn]),
    [['libc6', 'var/lib/dpkg/status.d/libc6']],
  );
});

test("apk's database, licences included", async () => {
  const { packages } = await find([file('lib/apk/db/installed', APK)]);
  assert.deepEqual(
    packages.map(({ name, version, license }) => [name, version, license]),
    [
      ['busybox', '1.36.1-r29', 'GPL-2.0-only'],
      ['musl', '1.2.5-r0', 'MIT'],
    ],
  );
});

test('node and Python packages wherever they are; broken documents are passed over', async () => {
  const metadata =
    'Metadata-Version: 2.4\nName: Flask_Login\nVersion: 0.6\nLicense-Expression: MIT\n\nName: no\n';
  const { packages } = await find([
    file('app/package.json', '{"name":"app","version":"0"}'),
    file('app/node_modules/a/package.json', '{"name":"a","version":"1.0.0","license":"ISC"}'),
    file('app/node_modules/@s/b/package.json', '{"name":"@s/b","version":"2.0.0"}'),
    file('app/node_modules/a/test/package.json', '{"name":"t","version":"9"}'),
    file('app/node_modules/broken/package.json', '{"name":'),
    file('usr/lib/python3/dist-packages/flask_login-0.6.dist-info/METADATA', metadata),
    file('usr/lib/python3/dist-packages/old-1.egg-info', 'Name: old\nVersion: 1\n'),
    file('usr/lib/python3/dist-packages/x-2.egg-info/PKG-INFO', 'Name: x\nVersion: 2\n'),
  ]);
  assert.deepEqual(
    packages.map(({ type, name, version, license }) => [type, name, version, license]),
    [
      ['npm', '@s/b', '2.0.0', undefined],
      ['npm', 'a', '1.0.0', 'ISC'],
      ['pypi', 'Flask_Login', '0.6', 'MIT'],
      ['pypi', 'old', '1', undefined],
      ['pypi', 'x', '2', undefined],
    ],
  );
});

test('what a later layer removed is not there; what cannot be read is told', async () => {
  const { packages, unread } = await find(
    [
      file('a/node_modules/a/package.json', '{"name":"a","version":"1"}'),
      directory('var/lib/rpm'),
      file('var/lib/rpm/Packages', 'of Berkeley DB'),
    ],
    [file('a/node_modules/.wh.a')],
  );
  assert.deepEqual(packages, []);
  assert.deepEqual(unread, ['var/lib/rpm/Packages']);
});
