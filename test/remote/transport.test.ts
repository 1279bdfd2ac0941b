/** What fails below HTTP, and the rules of redirects and waiting that need no peer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { resolveLocation } from '#remote/redirects.ts';
import { retryAfterMs } from '#remote/retry.ts';
import { openTransport } from '#remote/transport.ts';

describe('transport', () => {
  it('TLS to a server of plain HTTP: docker’s words and a way out', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    assert.ok(bound !== null && typeof bound === 'object');
    await using transport = openTransport({ userAgent: 'test' });
    const url = new URL(`https://127.0.0.1:${bound.port}/v2/?token=secret`);
    const call = { method: 'GET', url, scopes: [], isRepeatable: true } as const;
    await assert.rejects(transport.exchange(call), {
      code: 'REGISTRY_UNREACHABLE',
      message: `Get "https://127.0.0.1:${bound.port}/v2/": http: server gave HTTP response to HTTPS client`,
      hint: `127.0.0.1:${bound.port} speaks plain HTTP: give it TLS, or allow plain HTTP for it`,
    });
    server.close();
  });

  it('a signal that is aborted already sends nothing', async () => {
    await using transport = openTransport({ userAgent: 'test' });
    const url = new URL('http://127.0.0.1:1/');
    const signal = AbortSignal.abort();
    const call = { method: 'GET', url, scopes: [], isRepeatable: true, signal } as const;
    await assert.rejects(transport.exchange(call), { code: 'CANCELLED' });
  });
});

describe('resolveLocation', () => {
  const from = new URL('https://registry.example/v2/x/blobs/uploads/');

  it('relative, absolute, and without user names', () => {
    assert.equal(resolveLocation('/v2/a?b=c', from).href, 'https://registry.example/v2/a?b=c');
    assert.equal(resolveLocation('https://u:p@s3.example/x', from).href, 'https://s3.example/x');
  });

  it('https never becomes http', () => {
    assert.throws(() => resolveLocation('http://registry.example/x', from), {
      code: 'REGISTRY_PROTOCOL',
    });
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const cases: readonly (readonly [header: string | undefined, ms: number | undefined])[] = [
    [undefined, undefined],
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
  ];
  for (const [header, ms] of cases) {
    it(`${header} is ${ms}`, () => assert.equal(retryAfterMs(header, now), ms));
  }
});
