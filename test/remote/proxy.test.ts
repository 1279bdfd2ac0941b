/** A proxy of the test's own between the client and a registry: tunnels, absolute URLs, passwords. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { NO_REGISTRY_SETTINGS, type RegistrySettings } from '#core/registry-settings.ts';
import { Registries } from '#remote/registries/registries.ts';
import { openRemote, type RemoteRepository } from '#remote/repository.ts';
import { makeAuthority, makeCertificate, openSslMissing } from '#test/helpers/certificates.ts';
import { type LoopbackServer, listening } from '#test/helpers/loopback-server.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const DIGEST = digestOf(Buffer.from('0123456789'));
const AUTHORIZATION = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;

interface Proxy extends LoopbackServer {
  /** First line and Proxy-Authorization of each request. */
  readonly seen: string[];
}

/** Leads every name to 127.0.0.1: what is behind a proxy has names that only it knows. */
async function proxyServer(wanted?: string): Promise<Proxy> {
  const seen: string[] = [];
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const url = new URL(incoming.url ?? '');
    const { method, headers } = incoming;
    const target = { host: '127.0.0.1', port: url.port, path: url.pathname, method, headers };
    incoming.pipe(
      request(target, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on('connect', (incoming, socket) => {
    seen.push(`CONNECT ${incoming.url}`);
    if (wanted !== undefined && incoming.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const behind = connect(Number(incoming.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      behind.pipe(socket).pipe(behind);
    });
    behind.on('error', () => socket.destroy());
    socket.on('error', () => behind.destroy());
  });
  return Object.assign(await listening(server), { seen });
}

async function remoteAt(
  registry: string,
  settings: Partial<RegistrySettings>,
): Promise<RemoteRepository> {
  const registries = new Registries({ ...NO_REGISTRY_SETTINGS, ...settings });
  return openRemote({
    ...(await registries.route({ registry, repository: 'app' })),
    retry: { sleep: async () => {}, attemptsMax: 1 },
  });
}

const hasBlob = (_: unknown, response: ServerResponse): void =>
  void response.writeHead(200, { 'content-length': 10 }).end();

describe('a proxy', () => {
  it('plain HTTP: the whole URL is asked for', async () => {
    await using registry = await listening(createServer(hasBlob));
    await using proxy = await proxyServer();
    await using remote = await remoteAt(`r.example:${registry.port}`, {
      plainHttp: { value: 'always', origin: '--plain-http' },
      proxies: { http: { value: `http://${proxy.address}`, origin: 'HTTP_PROXY' } },
    });
    assert.ok(await remote.blobs.stat(DIGEST));
    assert.deepEqual(proxy.seen, [`HEAD http://r.example:${registry.port}/v2/app/blobs/${DIGEST}`]);
  });

  it('TLS: a tunnel, with the password of the proxy’s URL', {
    skip: openSslMissing(),
  }, async () => {
    using folder = tempFolder();
    const authority = makeAuthority(folder);
    const names = { name: 'r', names: ['DNS:r.example'] };
    const { pem } = makeCertificate(folder, authority, names);
    await using registry = await listening(createTlsServer(pem, hasBlob));
    await using proxy = await proxyServer(AUTHORIZATION);
    const host = `r.example:${registry.port}`;
    mkdirSync(folder.at(`certs.d/${host}`), { recursive: true });
    copyFileSync(authority.certificate, folder.at(`certs.d/${host}/ca.crt`));
    const settings = (url: string): Partial<RegistrySettings> => ({
      certificates: [folder.at('certs.d')],
      proxies: { https: { value: url, origin: 'HTTPS_PROXY' } },
    });
    {
      await using remote = await remoteAt(host, settings(`http://me:s3cret@${proxy.address}`));
      assert.ok(await remote.blobs.stat(DIGEST));
      assert.deepEqual(proxy.seen, [`CONNECT ${host}`]);
    }
    await using remote = await remoteAt(host, settings(`http://${proxy.address}`));
    await assert.rejects(remote.blobs.stat(DIGEST), (error) => {
      assert.ok(error instanceof Error && 'hint' in error);
      assert.match(error.message, /: proxyconnect tcp: unexpected status 407$/);
      assert.match(String(error.hint), /^look at the proxy: HTTPS_PROXY/);
      return true;
    });
  });

  it('a proxy that is not there: the proxy’s address is told', async () => {
    await using remote = await remoteAt('r.example:5000', {
      proxies: { https: { value: 'http://127.0.0.1:1', origin: 'HTTPS_PROXY' } },
    });
    await assert.rejects(remote.blobs.stat(DIGEST), {
      code: 'REGISTRY_UNREACHABLE',
      message: /dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
    });
  });

  it('who is in NO_PROXY is reached without', async () => {
    await using registry = await listening(createServer(hasBlob));
    await using proxy = await proxyServer();
    await using remote = await remoteAt(registry.address, {
      plainHttp: { value: 'always', origin: '--plain-http' },
      proxies: {
        all: { value: `http://${proxy.address}`, origin: 'ALL_PROXY' },
        none: { value: '127.0.0.0/8', origin: 'NO_PROXY' },
      },
    });
    assert.ok(await remote.blobs.stat(DIGEST));
    assert.deepEqual(proxy.seen, []);
  });
});
