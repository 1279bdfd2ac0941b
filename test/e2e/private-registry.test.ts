/**
 * A private registry as people have it, by the real command: TLS by an authority of the house, users
 * with passwords, client certificates, a mirror, plain HTTP.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { describe, it } from 'node:test';
import { makeAuthority, makeCertificate, openSslMissing } from '#test/helpers/certificates.ts';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { type LoopbackServer, listening } from '#test/helpers/loopback-server.ts';
import { temporaryRegistry } from '#test/helpers/registry.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const BASIC = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;

interface Front extends LoopbackServer {
  readonly seen: string[];
}

/** In front of a registry of ours: wants a password, and TLS with a client certificate where there are files. */
async function front(
  behind: string,
  tls?: { readonly cert: string; readonly key: string; readonly ca: string },
): Promise<Front> {
  const seen: string[] = [];
  const handler: Parameters<typeof createServer>[1] = (incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    if (incoming.headers.authorization !== BASIC) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="house"' }).end();
      return;
    }
    const [host = '', port = ''] = behind.split(':');
    const { method = 'GET', url = '/', headers } = incoming;
    incoming.pipe(
      request({ host, port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  };
  const server = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true }, handler)
    : createServer(handler);
  return Object.assign(await listening(server), { seen });
}

function imageIn(folder: TempFolder): void {
  mkdirSync(folder.at('context'));
  writeFileSync(folder.at('context/Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
}

describe('a private registry', () => {
  it('login, push, pull and logout over TLS with a client certificate', {
    skip: openSslMissing(),
  }, async () => {
    using folder = tempFolder();
    const authority = makeAuthority(folder);
    const server = makeCertificate(folder, authority, { name: 'server', names: ['IP:127.0.0.1'] });
    const client = makeCertificate(folder, authority, { name: 'client' });
    await using registry = await temporaryRegistry();
    await using house = await front(registry.address, { ...server.pem, ca: authority.pem.cert });
    const certs = folder.at(`.config/docker/certs.d/${house.address}`);
    mkdirSync(certs, { recursive: true });
    copyFileSync(authority.certificate, `${certs}/ca.crt`);
    copyFileSync(client.certificate, `${certs}/me.cert`);
    copyFileSync(client.key, `${certs}/me.key`);
    imageIn(folder);
    const run = (argv: readonly string[], input = ''): Promise<CliOutcome> =>
      slipway(argv, { root: folder.at('store'), environment: { HOME: folder.path }, input });
    const done = async (argv: readonly string[], input = ''): Promise<string> => {
      const outcome = await run(argv, input);
      assert.equal(outcome.exitCode, 0, outcome.stderr);
      return outcome.stdout;
    };
    const name = `${house.address}/team/app:1`;
    await done(['build', '-q', '-t', name, folder.at('context')]);
    assert.match((await run(['push', name])).stderr, /slipway login/);
    const login = ['login', house.address, '-u', 'me', '--password-stdin'];
    assert.match((await run(login, 'wrong')).stderr, /failed with status: 401 Unauthorized/);
    assert.equal(await done(login, 's3cret\n'), 'Login Succeeded\n');
    const config = folder.at('.docker/config.json');
    assert.equal(statSync(config).mode & 0o777, 0o600);
    await done(['push', name]);
    await done(['rmi', name]);
    assert.match(await done(['pull', name]), /Downloaded newer image/);
    await done(['logout', house.address]);
    assert.deepEqual(JSON.parse(readFileSync(config, 'utf8')), { auths: {} });
    const refused = await run(['pull', '--debug', name]);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /^http: GET https:\/\/.* 401 \d+ms$/m);
    assert.ok(!refused.stderr.includes('s3cret'));
  });

  it('a mirror in our own file, found by every command that pulls', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    imageIn(folder);
    const run = async (argv: readonly string[]): Promise<CliOutcome> => {
      const environment = { HOME: folder.path, SLIPWAY_REGISTRIES: folder.at('own.yaml') };
      return await slipway(argv, { root: folder.at('store'), environment });
    };
    const local = `${registry.address}/hub/base:1`;
    assert.equal((await run(['build', '-q', '-t', local, folder.at('context')])).exitCode, 0);
    assert.equal((await run(['push', local])).exitCode, 0);
    writeFileSync(
      folder.at('own.yaml'),
      `registries:\n  - prefix: nowhere.invalid\n    mirrors: [{location: "${registry.address}/hub"}]\n`,
    );
    const pulled = await run(['pull', 'nowhere.invalid/base:1']);
    assert.equal(pulled.exitCode, 0, pulled.stderr);
    assert.match(pulled.stdout, /nowhere\.invalid\/base:1\n$/);
    await run(['rmi', 'nowhere.invalid/base:1']);
    writeFileSync(folder.at('context/Dockerfile'), 'FROM nowhere.invalid/base:1\nLABEL a=b\n');
    const built = await run(['build', '-q', folder.at('context')]);
    assert.equal(built.exitCode, 0, built.stderr);
  });

  it('plain HTTP where TLS is asked for: how to allow it, then allowed', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    imageIn(folder);
    const run = (argv: readonly string[]): Promise<CliOutcome> =>
      slipway(argv, { root: folder.at('store'), environment: { HOME: folder.path } });
    const name = `${registry.address}/app:1`;
    assert.equal((await run(['build', '-q', '-t', name, folder.at('context')])).exitCode, 0);
    const refused = await run(['push', '--plain-http=never', name]);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /^ERROR: .*: http: server gave HTTP response to HTTPS client$/m);
    assert.match(
      refused.stderr,
      /answers 200, as a registry does\); allow that once with --plain-http=always/,
    );
    assert.equal((await run(['push', '--plain-http=auto', name])).exitCode, 0);
  });
});
