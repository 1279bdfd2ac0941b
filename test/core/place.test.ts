/** How places are written, and what is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatPlace, type Place, parsePathPlace, parsePlace } from '#core/place.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const HUB = { registry: 'docker.io', repository: 'library/app' };
const LOCAL = { registry: 'localhost:5000', repository: 'team/app' };

const CASES: readonly (readonly [string, unknown])[] = [
  ['docker://localhost:5000/team/app', { kind: 'registry', reference: LOCAL }],
  ['docker://localhost:5000/team/app:1', { kind: 'registry', reference: { ...LOCAL, tag: '1' } }],
  [`app@${DIGEST}`, { kind: 'registry', reference: { ...HUB, digest: DIGEST } }],
  ['app:1', { kind: 'registry', reference: { ...HUB, tag: '1' } }],
  [
    'docker://oci:1',
    { kind: 'registry', reference: { registry: 'docker.io', repository: 'library/oci', tag: '1' } },
  ],
  ['store:app:1', { kind: 'store', name: 'app:1' }],
  ['store:3f2a', { kind: 'store', name: '3f2a' }],
  ['oci:/a/b', { kind: 'oci', path: '/a/b' }],
  ['oci:a/b:v1', { kind: 'oci', path: 'a/b', name: 'v1' }],
  ['oci:a:localhost:5000/x:1', { kind: 'oci', path: 'a', name: 'localhost:5000/x:1' }],
  [`oci:a@${DIGEST}`, { kind: 'oci', path: 'a', digest: DIGEST }],
  [`oci:a:1@${DIGEST}`, { kind: 'oci', path: 'a', name: '1', digest: DIGEST }],
  ['oci:a@b/c', { kind: 'oci', path: 'a@b/c' }],
  ['oci-archive:x.tar', { kind: 'oci-archive', path: 'x.tar' }],
  ['docker-archive:x.tar:app:1', { kind: 'docker-archive', path: 'x.tar', name: 'app:1' }],
  ['docker-archive:x.tar:@0', { kind: 'docker-archive', path: 'x.tar', name: '@0' }],
  ['bundle:x.tar:app:1', { kind: 'bundle', path: 'x.tar', name: 'app:1' }],
  ['bundle:///tmp/x:1.tar', { kind: 'bundle', path: '/tmp/x:1.tar' }],
  ['oci-layout://a/b:1.0', { kind: 'oci', path: 'a/b', name: '1.0' }],
  ['./x.tar', { kind: 'path', path: './x.tar' }],
  [`./x.tar:app:1@${DIGEST}`, { kind: 'path', path: './x.tar:app:1', digest: DIGEST }],
  ['../x', { kind: 'path', path: '../x' }],
  ['/tmp/x', { kind: 'path', path: '/tmp/x' }],
];

describe('parsePlace', () => {
  for (const [text, expected] of CASES) {
    test(text, () => assert.deepEqual(parsePlace(text), expected));
  }

  for (const [text, code] of [
    ['', 'REFERENCE_INVALID'],
    ['docker://', 'REFERENCE_INVALID'],
    ['docker://App', 'REFERENCE_INVALID'],
    ['docker:app', 'USAGE'],
    ['store:', 'USAGE'],
    ['oci:', 'USAGE'],
    ['oci::v1', 'USAGE'],
    ['oci:a:', 'USAGE'],
    ['oci-layout://', 'USAGE'],
    ['bundle://', 'USAGE'],
    ['dir:/tmp/x', 'USAGE'],
    ['docker-daemon:app:1', 'USAGE'],
    ['containers-storage:app', 'USAGE'],
  ] as const) {
    test(`${text || 'nothing'} is refused`, () => {
      assert.throws(() => parsePlace(text), { code });
    });
  }
});

describe('formatPlace', () => {
  for (const [text, place] of CASES) {
    test(`${text} is read again as the same place`, () => {
      assert.deepEqual(parsePlace(formatPlace(place as Place)), place);
    });
  }
});

describe('oci-layout:// of a build context', () => {
  for (const [rest, expected] of [
    ['a/b', { path: 'a/b' }],
    ['a/b:1.0', { path: 'a/b', name: '1.0' }],
    ['a:b/c', { path: 'a:b/c' }],
    [`a@${DIGEST}`, { path: 'a', digest: DIGEST }],
    [`a:1@${DIGEST}`, { path: 'a', name: '1', digest: DIGEST }],
  ] as const) {
    test(rest, () => {
      assert.deepEqual(parsePathPlace(`oci-layout://${rest}`), { kind: 'oci', ...expected });
    });
  }
});
