/** TLS: an authority of our own, files that change, client certificates. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { test } from 'node:test';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { DEFAULT_CONFIG } from '#core/registry-config.ts';
import { openGuard } from '#registry/auth/open-guard.ts';
import { serveRegistry } from '#registry/server.ts';
import { storeProvider } from '#registry/store-provider.ts';
import { machineNames } from '#registry/tls/names.ts';
import { type SelfSigned, selfSigned } from '#registry/tls/self-signed.ts';
import { serverTls } from '#registry/tls/server-tls.ts';
import { clientCertificate } from '#test/helpers/client-certificate.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

interface Answer {
  readonly status: number | undefined;
  readonly certificate: PeerCertificate;
}

function ask(
  address: string,
  options: { readonly ca: string; readonly cert?: string; readonly key?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(`https://${address}/v2/`, { ...options, agent: false }, (response) => {
      const certificate = (response.socket as TLSSocket).getPeerCertificate();
      response.resume();
      resolve({ status: response.statusCode, certificate });
    }).on('error', reject);
  });
}

async function serveWith(made: SelfSigned, folder: TempFolder, clientCa?: string) {
  const stack = new AsyncDisposableStack();
  const { store } = stack.use(await temporaryStore());
  const provider = stack.use(await storeProvider(store));
  const clients = { clients: 'request' as const, ...(clientCa ? { clientCa } : {}) };
  const { certificate, key } = made;
  const tls = serverTls({ certificate, key, ...(clientCa ? { clientCa } : {}) }, clients);
  const guard = openGuard(
    { auth: DEFAULT_CONFIG.auth, tls: { source: { kind: 'self', names: [] }, ...clients } },
    { folder: folder.path },
  );
  const server = stack.use(
    await serveRegistry({ provider, tls, address: '127.0.0.1:0', ...(guard ? { guard } : {}) }),
  );
  return { address: server.address, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a certificate of our own authority, for the names of the machine, is trusted by it alone', async () => {
  using folder = tempFolder();
  const made = await selfSigned(folder.at('tls'), machineNames(['registry.test']));
  await using server = await serveWith(made, folder);
  const ca = readFileSync(made.authority, 'utf8');
  const { status, certificate } = await ask(server.address, { ca });
  assert.equal(status, 200);
  assert.match(certificate.subjectaltname ?? '', /DNS:registry\.test/);
  await assert.rejects(ask(server.address, { ca: '' }), /certificate/);
});

test('the next start keeps the authority, and the certificate while its names will do', async () => {
  using folder = tempFolder();
  const first = await selfSigned(folder.at('tls'), ['a.test']);
  const certificate = readFileSync(first.certificate, 'utf8');
  const again = await selfSigned(folder.at('tls'), ['a.test']);
  assert.equal(readFileSync(again.certificate, 'utf8'), certificate);
  const more = await selfSigned(folder.at('tls'), ['a.test', 'b.test', '10.0.0.1']);
  assert.notEqual(readFileSync(more.certificate, 'utf8'), certificate);
  assert.equal(more.fingerprint, first.fingerprint);
});

test('a client certificate that the authority trusts signs its client in by the common name', async () => {
  using folder = tempFolder();
  const made = await selfSigned(folder.at('server'), ['127.0.0.1']);
  const client = await clientCertificate('ana');
  const stranger = await clientCertificate('ana');
  writeFileSync(folder.at('clients.pem'), client.cert);
  await using registry = await serveWith(made, folder, folder.at('clients.pem'));
  const ca = readFileSync(made.authority, 'utf8');
  assert.equal((await ask(registry.address, { ca })).status, 401);
  assert.equal((await ask(registry.address, { ca, ...stranger })).status, 401);
  assert.equal((await ask(registry.address, { ca, ...client })).status, 200);
});

test('files that are no certificate, or not each other’s, are refused at the start', async () => {
  using folder = tempFolder();
  const one = await selfSigned(folder.at('one'), ['a.test']);
  const other = await selfSigned(folder.at('other'), ['a.test']);
  const refused = (certificate: string, key: string, code: string): void => {
    assert.throws(() => serverTls({ certificate, key }, { clients: 'request' }), { code });
  };
  refused(one.certificate, other.key, 'CONFIG_INVALID');
  writeFileSync(folder.at('text'), 'no certificate');
  refused(folder.at('text'), one.key, 'CONFIG_INVALID');
  refused(folder.at('missing'), one.key, 'FILE_MISSING');
});
