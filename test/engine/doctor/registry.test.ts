/** What a registry's answer means, and real ones: ours, a port where nobody is, a server that is none. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { NO_REGISTRY_SETTINGS } from '#core/registry-settings.ts';
import { clock, reached, registryFindings } from '#engine/doctor/registry.ts';
import type { RegistryAnswer } from '#remote/ping.ts';
import { Registries } from '#remote/registries/registries.ts';

const RESOURCES = {
  registries: async () => new Registries(NO_REGISTRY_SETTINGS),
  settings: { root: '/', helper: '/', snapshotter: 'auto', parallelTransfers: 1 },
} as const;

const OPEN: RegistryAnswer = {
  url: 'https://r.example/',
  status: 200,
  authentication: [],
  isRegistry: true,
};

test('open, closed, and no registry', () => {
  assert.equal(reached('r', OPEN).text, 'https://r.example/: TLS, lets anybody in');
  const closed = { ...OPEN, url: 'http://r.example/', status: 401, authentication: ['bearer'] };
  assert.equal(
    reached('r', closed).text,
    'http://r.example/: plain HTTP, wants bearer credentials',
  );
  assert.equal(reached('r', { ...OPEN, status: 404, isRegistry: false }).status, 'fail');
});

test('clocks that differ by more than a minute are told', () => {
  assert.deepEqual(clock('r', { ...OPEN, aheadMs: 59_000 }), []);
  assert.match(clock('r', { ...OPEN, aheadMs: -120_000 })[0]?.text ?? '', /120 seconds behind/);
  assert.match(clock('r', { ...OPEN, aheadMs: 120_000 })[0]?.text ?? '', /120 seconds ahead/);
});

async function served(
  answer: { readonly status: number; readonly headers?: Readonly<Record<string, string>> },
  work: (host: string) => Promise<void>,
): Promise<void> {
  const server = createServer((_, response) => {
    response.writeHead(answer.status, answer.headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('over the wire: authentication, and a clock that is wrong', async () => {
  const headers = {
    'www-authenticate': 'Bearer realm="https://auth.example/token"',
    date: new Date(Date.now() - 3_600_000).toUTCString(),
  };
  await served({ status: 401, headers }, async (host) => {
    const [first, second] = await registryFindings(RESOURCES, host, undefined);
    assert.equal(first?.text, `http://${host}/: plain HTTP, wants bearer credentials`);
    assert.match(second?.text ?? '', /3[56]\d\d seconds behind/);
  });
});

test('a server that is no registry fails, and so does a port where nobody is', async () => {
  let host = '';
  await served({ status: 404 }, async (here) => {
    host = here;
    assert.equal((await registryFindings(RESOURCES, here, undefined))[0]?.status, 'fail');
  });
  const [finding] = await registryFindings(RESOURCES, host, undefined);
  assert.equal(finding?.status, 'fail');
  assert.match(finding?.text ?? '', /refused/);
});
