/** How builds are called in the history. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildName, type NamedBuild } from '#build/history/build-name.ts';

const CASES: readonly (readonly [build: Partial<NamedBuild>, name: string])[] = [
  [{}, 'app'],
  [{ context: '/' }, '/'],
  [{ dockerfile: '/src/app/Dockerfile' }, 'app'],
  [{ dockerfile: '-' }, 'app'],
  [{ dockerfile: '/src/app/docker/Dockerfile.dev' }, 'app/docker/Dockerfile.dev'],
  [{ dockerfile: '/src/docker/Dockerfile' }, 'docker/Dockerfile'],
  [{ target: 'test' }, 'app (test)'],
  [{ given: 'nightly', target: 'test' }, 'nightly'],
  [{ context: 'https://example.com/x.git', isFolder: false }, 'https://example.com/x.git'],
  [{ context: '-', isFolder: false, target: 't' }, '- (t)'],
];

for (const [build, name] of CASES) {
  test(`${JSON.stringify(build)} is ${name}`, () => {
    assert.equal(buildName({ context: '/src/app', isFolder: true, ...build }), name);
  });
}
