/** Host, port and API root of a registry's name, and which hosts are this machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apiUrl, endpointOf, isLoopbackHost } from '#remote/endpoint.ts';

const CASES: readonly (readonly [registry: string, scheme: 'http' | 'https', api: string])[] = [
  ['docker.io', 'https', 'https://registry-1.docker.io/v2/'],
  ['ghcr.io', 'https', 'https://ghcr.io/v2/'],
  ['registry.example:5000', 'https', 'https://registry.example:5000/v2/'],
  ['localhost', 'http', 'http://localhost/v2/'],
  ['[::1]:5000', 'http', 'http://[::1]:5000/v2/'],
  ['localhost:443', 'https', 'https://localhost/v2/'],
];

describe('endpointOf', () => {
  for (const [registry, scheme, api] of CASES) {
    it(`${registry} is ${api}`, () => assert.equal(endpointOf(registry, scheme).api.href, api));
  }

  it('paths go under the root of the API, wherever that is', () => {
    const url = apiUrl(endpointOf('docker.io', 'https'), 'library/x/manifests/latest');
    assert.equal(url.href, 'https://registry-1.docker.io/v2/library/x/manifests/latest');
    const other = apiUrl(endpointOf('mirror.example', 'http', '/hub/v2/'), 'library/x/tags/list');
    assert.equal(other.href, 'http://mirror.example/hub/v2/library/x/tags/list');
  });
});

describe('isLoopbackHost', () => {
  const loopback = ['localhost', 'registry.localhost', '127.0.0.1', '127.9.8.7', '[::1]', '::1'];
  for (const host of loopback) it(host, () => assert.ok(isLoopbackHost(host)));
  const others = ['128.0.0.1', '127.0.0.1.example.com', 'notlocalhost', '::2', '10.0.0.7'];
  for (const host of others) it(`not ${host}`, () => assert.ok(!isLoopbackHost(host)));
});
