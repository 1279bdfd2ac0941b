/** Certificates of servers and clients, over real TLS with an authority of the test's own. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { NO_REGISTRY_SETTINGS, type RegistrySettings } from '#core/registry-settings.ts';
import { Registries } from '#remote/registries/registries.ts';
import { openRemote, type RemoteRepository } from '#remote/repository.ts';
import { makeAuthority, makeCertificate, openSslMissing } from '#test/helpers/certificates.ts';
import { type LoopbackServer, listening } from '#test/helpers/loopback-server.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const skip = openSslMissing();

/** Has the one blob. */
async function registryOverTls(options: ServerOptions): Promise<LoopbackServer> {
  const server = createServer(options, (request, response) => {
    const isThere = request.url?.endsWith(`/blobs/${DIGEST}`) === true;
    response.writeHead(isThere ? 200 : 404, { 'content-length': isThere ? BYTES.length : 0 });
    response.end(request.method === 'HEAD' || !isThere ? undefined : BYTES);
  });
  return await listening(server);
}

/** `host` in the place of 127.0.0.1, where certificates are not verified by default. */
async function remoteTo(
  registry: string,
  settings: Partial<RegistrySettings>,
): Promise<RemoteRepository> {
  const registries = new Registries({ ...NO_REGISTRY_SETTINGS, ...settings });
  return openRemote({
    ...(await registries.route({ registry, repository: 'app' })),
    retry: { sleep: async () => {}, attemptsMax: 1 },
  });
}

const VERIFY = { tlsVerify: { value: true, origin: '--tls-verify' } };
const SERVER = { name: 'server', names: ['IP:127.0.0.1', 'DNS:localhost'] };

function certsD(
  folder: TempFolder,
  host: string,
  files: Readonly<Record<string, string>>,
): Partial<RegistrySettings> {
  mkdirSync(folder.at(`certs.d/${host}`), { recursive: true });
  for (const [name, from] of Object.entries(files))
    copyFileSync(from, folder.at(`certs.d/${host}/${name}`));
  return { certificates: [folder.at('certs.d')] };
}

describe('TLS', { skip }, () => {
  it('an unknown authority: docker’s words, who it is, and where its certificate goes', async () => {
    using folder = tempFolder();
    const server = makeCertificate(folder, makeAuthority(folder), SERVER);
    await using registry = await registryOverTls(server.pem);
    await using remote = await remoteTo(registry.address, VERIFY);
    await assert.rejects(remote.blobs.stat(DIGEST), (error) => {
      assert.ok(error instanceof Error && 'hint' in error);
      assert.equal(
        error.message,
        `Head "https://${registry.address}/v2/app/blobs/${DIGEST}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
      );
      assert.match(String(error.hint), /is signed by CN=Test ca, sha256 [0-9A-F:]{95};/);
      assert.match(String(error.hint), new RegExp(`certs\\.d/${registry.address}/ca\\.crt`));
      return true;
    });
  });

  it('its certificate in certs.d: verified, TLS before plain HTTP also on loopback', async () => {
    using folder = tempFolder();
    const authority = makeAuthority(folder);
    await using registry = await registryOverTls(makeCertificate(folder, authority, SERVER).pem);
    const settings = certsD(folder, registry.address, { 'ca.crt': authority.certificate });
    await using remote = await remoteTo(registry.address, settings);
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('a certificate for other names: docker’s words name them', async () => {
    using folder = tempFolder();
    const authority = makeAuthority(folder);
    const other = { name: 'other', names: ['DNS:a.example', 'DNS:b.example'] };
    await using registry = await registryOverTls(makeCertificate(folder, authority, other).pem);
    const settings = certsD(folder, registry.address, { 'ca.crt': authority.certificate });
    await using remote = await remoteTo(registry.address, { ...settings, ...VERIFY });
    await assert.rejects(remote.blobs.stat(DIGEST), {
      message: new RegExp(
        `x509: certificate is valid for a\\.example, b\\.example, not ${registry.address}$`,
      ),
    });
  });

  it('on loopback without a word about it: TLS after plain HTTP failed, unverified', async () => {
    using folder = tempFolder();
    const server = makeCertificate(folder, makeAuthority(folder), SERVER);
    await using registry = await registryOverTls(server.pem);
    await using remote = await remoteTo(registry.address, {});
    assert.ok(await remote.blobs.stat(DIGEST));
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('a client certificate from certs.d opens what is closed without', async () => {
    using folder = tempFolder();
    const authority = makeAuthority(folder);
    const client = makeCertificate(folder, authority, { name: 'client' });
    await using registry = await registryOverTls({
      ...makeCertificate(folder, authority, SERVER).pem,
      ca: authority.pem.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const host = registry.address;
    const files = { 'ca.crt': authority.certificate };
    {
      await using remote = await remoteTo(host, { ...certsD(folder, host, files), ...VERIFY });
      await assert.rejects(remote.blobs.stat(DIGEST), { code: 'REGISTRY_UNREACHABLE' });
    }
    const pair = { ...files, 'me.cert': client.certificate, 'me.key': client.key };
    await using remote = await remoteTo(host, certsD(folder, host, pair));
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('a key of another certificate is told, not tripped over', async () => {
    using folder = tempFolder();
    const authority = makeAuthority(folder);
    const client = makeCertificate(folder, authority, { name: 'client' });
    const pair = { 'me.cert': client.certificate, 'me.key': authority.key };
    await using remote = await remoteTo('127.0.0.1:1', certsD(folder, '127.0.0.1:1', pair));
    await assert.rejects(remote.blobs.stat(DIGEST), { code: 'CONFIG_INVALID' });
  });

  it('HTTP/2 is not spoken, though the server would rather: each transfer has a connection of its own', async () => {
    using folder = tempFolder();
    const ALPNProtocols = ['h2', 'http/1.1'];
    await using registry = await registryOverTls({ ...makeAuthority(folder).pem, ALPNProtocols });
    const tlsVerify = { value: false, origin: '--tls-verify' };
    await using remote = await remoteTo(registry.address, { tlsVerify });
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('insecure: nobody is verified', async () => {
    using folder = tempFolder();
    await using registry = await registryOverTls(makeAuthority(folder).pem);
    writeFileSync(
      folder.at('daemon.json'),
      JSON.stringify({ 'insecure-registries': ['127.0.0.0/8'] }),
    );
    await using remote = await remoteTo(registry.address, { daemon: [folder.at('daemon.json')] });
    assert.ok(await remote.blobs.stat(DIGEST));
  });
});

describe('plain HTTP where TLS is spoken', () => {
  it('the probe’s result, and the line for the file that is there', async () => {
    using folder = tempFolder();
    await using server = await listening(
      createHttpServer((_, response) => response.writeHead(401).end()),
    );
    const host = server.address;
    const hintOf = async (settings: Partial<RegistrySettings>): Promise<string> => {
      await using remote = await remoteTo(host, { ...settings, ...VERIFY });
      const error: unknown = await remote.blobs.stat(DIGEST).catch((caught: unknown) => caught);
      assert.ok(error instanceof Error && 'hint' in error);
      assert.match(error.message, /: http: server gave HTTP response to HTTPS client$/);
      return String(error.hint);
    };
    const found = `${host} speaks plain HTTP (GET http://${host}/v2/ answers 401, as a registry does); allow that once with --plain-http=always, or for good: `;
    assert.equal(
      await hintOf({}),
      `${found}write {"insecure-registries": ["${host}"]} to /etc/docker/daemon.json`,
    );
    writeFileSync(folder.at('daemon.json'), '{}');
    assert.equal(
      await hintOf({ daemon: [folder.at('daemon.json')] }),
      `${found}in ${folder.at('daemon.json')}, "insecure-registries": ["${host}"]`,
    );
    writeFileSync(folder.at('own.yaml'), '');
    assert.equal(
      await hintOf({ own: [folder.at('own.yaml')] }),
      `${found}in ${folder.at('own.yaml')}, below registries, - {prefix: "${host}", plain-http: always}`,
    );
    writeFileSync(folder.at('registries.conf'), '');
    assert.match(
      await hintOf({ containers: { main: [folder.at('registries.conf')], dropIns: [] } }),
      /at the end of .*registries\.conf, \[\[registry\]\]/,
    );
  });
});
