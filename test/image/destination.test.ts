/** load --to: which name an image of an archive gets in a registry. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatReference, parseReference } from '#core/reference.ts';
import { parseDestination, placeOf } from '#image/destination.ts';

function place(name: string, to: string, ...maps: readonly string[]): string {
  return formatReference(placeOf(parseReference(name), parseDestination(to, maps)));
}

describe('destination', () => {
  it('a name keeps its familiar path and its tag, below the prefix', () => {
    assert.equal(place('alpine:3', 'registry://host:5000'), 'host:5000/alpine:3');
    assert.equal(place('alpine:3', 'registry://host:5000/a/b/'), 'host:5000/a/b/alpine:3');
    assert.equal(place('team/app:1', 'registry://host:5000/p'), 'host:5000/p/team/app:1');
    assert.equal(place('ghcr.io/team/app:1', 'https://host/p'), 'host/p/team/app:1');
    assert.equal(place('localhost:5000/app:1', 'http://host/p'), 'host/p/app:1');
  });

  it('--map: the longest prefix of the full name decides', () => {
    const maps = ['docker.io=hub', 'docker.io/library=base', 'ghcr.io='];
    const to = 'registry://host:5000/m';
    assert.equal(place('alpine:3', to, ...maps), 'host:5000/m/base/alpine:3');
    assert.equal(place('team/app:1', to, ...maps), 'host:5000/m/hub/team/app:1');
    assert.equal(place('ghcr.io/x/y:1', to, ...maps), 'host:5000/m/x/y:1');
    assert.equal(place('alpine:3', to, 'docker.io/library/alpine=os'), 'host:5000/m/os:3');
    assert.equal(place('docker.iox/a:3', to, 'docker.io=hub'), 'host:5000/m/a:3');
  });

  it('the scheme is kept when it was said', () => {
    assert.equal(parseDestination('http://h/p').scheme, 'http');
    assert.equal(parseDestination('https://h').scheme, 'https');
    assert.equal(parseDestination('registry://h').scheme, undefined);
  });

  for (const text of [
    'host:5000',
    'ftp://h',
    'registry://',
    'registry://h/UP',
    'registry://h/a//b',
  ])
    it(`refuses ${text}`, () => {
      assert.throws(() => parseDestination(text), { code: 'USAGE' });
    });

  for (const map of ['', 'a', '=b', 'a=UP', 'a=b//c']) {
    it(`refuses --map '${map}'`, () => {
      assert.throws(() => parseDestination('registry://h', [map]), { code: 'USAGE' });
    });
  }

  it('a name that would grow too long is refused', () => {
    const long = Array.from({ length: 25 }, () => 'component').join('/');
    assert.throws(() => place('alpine-linux', `registry://h/${long}`), {
      code: 'REFERENCE_INVALID',
    });
  });
});
