/** Which scheme, host and port a registry's name stands for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apiUrl, endpointOf } from '#remote/endpoint.ts';

const CASES: readonly (readonly [registry: string, base: string])[] = [
  ['docker.io', 'https://registry-1.docker.io/'],
  ['ghcr.io', 'https://ghcr.io/'],
  ['registry.example:5000', 'https://registry.example:5000/'],
  ['10.0.0.7:5000', 'https://10.0.0.7:5000/'],
  ['localhost', 'http://localhost/'],
  ['localhost:5000', 'http://localhost:5000/'],
  ['registry.localhost:5000', 'http://registry.localhost:5000/'],
  ['127.0.0.1:5000', 'http://127.0.0.1:5000/'],
  ['127.9.8.7:5000', 'http://127.9.8.7:5000/'],
  ['[::1]:5000', 'http://[::1]:5000/'],
  ['localhost:443', 'https://localhost/'],
  ['128.0.0.1:5000', 'https://128.0.0.1:5000/'],
  ['127.0.0.1.example.com', 'https://127.0.0.1.example.com/'],
  ['notlocalhost:5000', 'https://notlocalhost:5000/'],
  ['[::2]:5000', 'https://[::2]:5000/'],
];

describe('endpointOf', () => {
  for (const [registry, base] of CASES) {
    it(`${registry} is ${base}`, () => assert.equal(endpointOf(registry).base.href, base));
  }

  it('paths go under /v2/', () => {
    const url = apiUrl(endpointOf('docker.io'), 'library/x/manifests/latest');
    assert.equal(url.href, 'https://registry-1.docker.io/v2/library/x/manifests/latest');
  });
});
