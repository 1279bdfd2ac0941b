/** Mirror files of both forms: what they say, and what is refused with its place. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SELECT_ALL } from '#image/mirror/fields.ts';
import { parseMirrorFile } from '#image/mirror/file.ts';

const PLAIN = { rewrite: [], tags: SELECT_ALL, noReferrers: false, prune: false };

describe('our own form', () => {
  test('every key', () => {
    const file = parseMirrorFile(
      `
destination: localhost:5000/mirror
platforms: [linux/amd64, linux/arm64]
prune: true
rewrite: [{from: '^library/', to: base/}]
images:
  - source: docker.io/library/alpine
  - source: ghcr.io/team/app
    destination: localhost:5000/app
    tags:
      list: [latest]
      regex: '^v1'
      semver: ['>=2', '^1.5']
      exclude: [-rc]
      prereleases: true
    platforms: [linux/arm64]
    referrers: false
    prune: false
    rewrite: []
  - source: quay.io/x/y
    tags: ['1', '2']
  - registry: localhost:5001
    repositories: {list: [a], regex: '^team/', exclude: /old$}
`,
      'mirror.yaml',
    );
    const [amd64, arm64] = ['amd64', 'arm64'].map((architecture) => ({
      os: 'linux',
      architecture,
    }));
    const shared = {
      destination: { name: 'localhost:5000/mirror', isWhole: false },
      platforms: [amd64, arm64],
      prune: true,
      rewrite: [{ from: /^library\//, to: 'base/' }],
      noReferrers: false,
    };
    assert.deepEqual(file, {
      naming: 'path',
      entries: [
        {
          ...{ ...PLAIN, ...shared, origin: 'images[0]' },
          source: { kind: 'repository', name: 'docker.io/library/alpine' },
        },
        {
          origin: 'images[1]',
          source: { kind: 'repository', name: 'ghcr.io/team/app' },
          destination: { name: 'localhost:5000/app', isWhole: true },
          tags: {
            list: ['latest'],
            regex: [/^v1/],
            semver: ['>=2', '^1.5'],
            exclude: [/-rc/],
            prereleases: true,
          },
          ...{ platforms: [arm64], noReferrers: true, prune: false, rewrite: [] },
        },
        {
          ...{ ...PLAIN, ...shared, origin: 'images[2]' },
          source: { kind: 'repository', name: 'quay.io/x/y' },
          tags: { ...SELECT_ALL, list: ['1', '2'] },
        },
        {
          ...{ ...PLAIN, ...shared, origin: 'images[3]' },
          source: {
            kind: 'registry',
            host: 'localhost:5001',
            ...{ list: ['a'], regex: [/^team\//], exclude: [/\/old$/] },
          },
        },
      ],
    });
  });

  for (const [what, text, message] of [
    ['no YAML', 'images: [', /mirror\.yaml/],
    ['nothing at all', '', /names no image/],
    ['no image', 'images: []', /names no image/],
    ['a misspelt key', 'images: [{source: a/b, tag: [x]}]', /images\/0\/tag must be one of source/],
    ['a misspelt key at the top', 'imges: []\nimages: []', /imges must be one of/],
    ['a source with a tag', 'images: [{source: "a/b:1"}]', /without a tag/],
    ['neither source nor registry', 'images: [{}]', /source/],
    ['both', 'images: [{source: a, registry: b}]', /left out where there is a source/],
    ['repositories of a source', 'images: [{source: a, repositories: {}}]', /beside a registry/],
    ['a number for a tag', 'images: [{source: a, tags: [3.20]}]', /tags\/0 must be a string/],
    ['what is no tag', 'images: [{source: a, tags: ["a b"]}]', /a list of tags/],
    ['what is no expression', 'images: [{source: a, tags: {regex: "("}}]', /a regular expression/],
    ['what is no range', 'images: [{source: a, tags: {semver: new}}]', /a range such as/],
    ['what is no platform', 'images: [{source: a, platforms: ["a/b/c/d"]}]', /a list such as/],
  ] as const) {
    test(`${what} is refused`, () => {
      assert.throws(() => parseMirrorFile(text, 'mirror.yaml'), {
        code: 'CONFIG_INVALID',
        message,
        hint: /docs\/sync\.md/,
      });
    });
  }
});

describe('the form of skopeo', () => {
  test('images, expressions and ranges of registries', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const file = parseMirrorFile(
      `
registry.example.com:
  images:
    busybox: []
    redis: ["1.0", "${digest}"]
    all: null
  images-by-tag-regex: {nginx: '^1\\.13'}
  images-by-semver: {alpine: '>= 3.12.0'}
  tls-verify: true
quay.io: {images: {coreos/etcd: [latest]}}
`,
      'sync.yml',
    );
    assert.equal(file.naming, 'base');
    const entry = (origin: string, name: string, tags: object) => ({
      ...PLAIN,
      origin,
      source: { kind: 'repository', name },
      tags: { ...SELECT_ALL, ...tags },
    });
    const host = 'registry.example.com';
    assert.deepEqual(file.entries, [
      entry(`${host}: images: busybox`, `${host}/busybox`, {}),
      entry(`${host}: images: redis`, `${host}/redis`, { list: ['1.0', digest] }),
      entry(`${host}: images: all`, `${host}/all`, {}),
      entry(`${host}: images-by-tag-regex: nginx`, `${host}/nginx`, { regex: [/^1\.13/] }),
      entry(`${host}: images-by-semver: alpine`, `${host}/alpine`, { semver: ['>= 3.12.0'] }),
      entry('quay.io: images: coreos/etcd', 'quay.io/coreos/etcd', { list: ['latest'] }),
    ]);
  });

  for (const [what, text, message] of [
    ['credentials', 'quay.io: {credentials: {username: a, password: b}}', /slipway login/],
    ['certificates', 'quay.io: {cert-dir: /x, images: {a: []}}', /certs\.d/],
    ['no verification', 'quay.io: {tls-verify: false, images: {a: []}}', /--tls-verify=false/],
    ['an unknown key', 'quay.io: {image: {a: []}}', /must be one of images/],
    ['no registry', 'quay.io: 1', /must be an object/],
    ['what is no range', 'quay.io: {images-by-semver: {a: new}}', /a range such as/],
    ['what is no expression', 'quay.io: {images-by-tag-regex: {a: "("}}', /a regular expression/],
  ] as const) {
    test(`${what} is refused`, () => {
      assert.throws(() => parseMirrorFile(text, 'sync.yml'), { code: 'CONFIG_INVALID', message });
    });
  }
});
