/** Paths to routes: names hold slashes, and may hold the API's own words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Route, routeOf } from '#registry/router.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const CASES: readonly (readonly [path: string, route: Route | undefined])[] = [
  ['/v2/', { kind: 'base' }],
  ['/v2', { kind: 'base' }],
  ['/v2/_catalog', { kind: 'catalog' }],
  ['/healthz', { kind: 'health' }],
  ['/v1/search', { kind: 'search' }],
  ['/v1/_ping', { kind: 'ping-v1' }],
  ['/v2/a/b/c/manifests/v1', { kind: 'manifest', name: 'a/b/c', reference: 'v1' }],
  [`/v2/a/manifests/${DIGEST}`, { kind: 'manifest', name: 'a', reference: DIGEST }],
  [`/v2/a/blobs/sha256%3A${'a'.repeat(64)}`, { kind: 'blob', name: 'a', digest: DIGEST }],
  ['/v2/a/blobs/uploads/', { kind: 'uploads', name: 'a' }],
  ['/v2/a/blobs/uploads', { kind: 'uploads', name: 'a' }],
  ['/v2/a/b/blobs/uploads/some-id', { kind: 'upload', name: 'a/b', id: 'some-id' }],
  ['/v2/a/tags/list', { kind: 'tags', name: 'a' }],
  [`/v2/a/referrers/${DIGEST}`, { kind: 'referrers', name: 'a', digest: DIGEST }],
  ['/v2/a/manifests/tags/list', { kind: 'tags', name: 'a/manifests' }],
  [
    '/v2/a/blobs/uploads/manifests/v1',
    { kind: 'manifest', name: 'a/blobs/uploads', reference: 'v1' },
  ],
  ['/v2/tags/list/tags/list', { kind: 'tags', name: 'tags/list' }],
  ['/v2/blobs/uploads/blobs/uploads/', { kind: 'uploads', name: 'blobs/uploads' }],
  ['/', { kind: 'web', web: { page: 'home' } }],
  ['/repo/a/b', { kind: 'web', web: { page: 'repository', name: 'a/b' } }],
  ['/repo/a/b:v1', { kind: 'web', web: { page: 'image', name: 'a/b', reference: 'v1' } }],
  [`/repo/a@${DIGEST}`, { kind: 'web', web: { page: 'image', name: 'a', reference: DIGEST } }],
  ['/repo/a:v1:v2', undefined],
  ['/repo/../a', undefined],
  ['/v2/a', undefined],
  ['/v2/a/tags/other', undefined],
  ['/v2/a/manifests/', undefined],
  ['/v3/a/tags/list', undefined],
  ['/constructor', undefined],
];

describe('routeOf', () => {
  for (const [path, route] of CASES) {
    it(`${path} is ${route?.kind ?? 'nothing'}`, () => assert.deepEqual(routeOf(path), route));
  }

  for (const path of [
    '/v2/Upper/tags/list',
    '/v2/../tags/list',
    '/v2//tags/list',
    '/v2/tags/list',
    '/v2/a%2Fb/../c/manifests/v1',
    `/v2/${'a'.repeat(256)}/tags/list`,
  ]) {
    it(`${path.slice(0, 40)} is no name`, () => {
      assert.throws(() => routeOf(path), { name: 'Refusal', code: 'NAME_INVALID' });
    });
  }
});
