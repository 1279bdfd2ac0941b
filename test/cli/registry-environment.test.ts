/** Which files and proxies the environment means. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  credentialSettings,
  type RegistryEnvironment,
  registrySettings,
} from '#cli/registry-environment.ts';

const environment = (
  variables: Readonly<Record<string, string>>,
  flags: Pick<RegistryEnvironment, 'plainHttp' | 'tlsVerify'> = {},
): RegistryEnvironment => ({ variable: (name) => variables[name], home: '/home/me', ...flags });

describe('registrySettings', () => {
  it('the user’s files before the system’s; drop-ins the other way round, as the last wins', () => {
    const { own, containers, hosts, daemon, certificates } = registrySettings(environment({}));
    assert.equal(own[0], '/home/me/.config/slipway/registries.yaml');
    assert.equal(own.at(-1), '/etc/slipway/registries.json');
    assert.deepEqual(containers, {
      main: [
        '/home/me/.config/containers/registries.conf',
        '/etc/containers/registries.conf',
        '/usr/share/containers/registries.conf',
      ],
      dropIns: [
        '/etc/containers/registries.conf.d',
        '/home/me/.config/containers/registries.conf.d',
      ],
    });
    assert.deepEqual(hosts, ['/home/me/.config/containerd/certs.d', '/etc/containerd/certs.d']);
    assert.deepEqual(daemon, ['/home/me/.config/docker/daemon.json', '/etc/docker/daemon.json']);
    assert.deepEqual(certificates, [
      '/home/me/.config/containers/certs.d',
      '/etc/containers/certs.d',
      '/home/me/.config/docker/certs.d',
      '/etc/docker/certs.d',
    ]);
  });

  it('variables name a file that stands for all of its kind', () => {
    const found = registrySettings(
      environment({ SLIPWAY_REGISTRIES: '/r.yaml', CONTAINERS_REGISTRIES_CONF: '/r.conf' }),
    );
    assert.deepEqual(found.own, ['/r.yaml']);
    assert.deepEqual(found.containers, { main: ['/r.conf'], dropIns: [] });
  });

  it('proxies by their names in both cases, capitals first', () => {
    const { proxies } = registrySettings(
      environment({
        HTTP_PROXY: 'http://a:1',
        http_proxy: 'http://b:1',
        https_proxy: 'c:1',
        no_proxy: 'x.example',
      }),
    );
    assert.deepEqual(proxies, {
      http: { value: 'http://a:1', origin: 'HTTP_PROXY' },
      https: { value: 'c:1', origin: 'https_proxy' },
      none: { value: 'x.example', origin: 'no_proxy' },
    });
  });

  it('flags win over variables', () => {
    const variables = { SLIPWAY_PLAIN_HTTP: 'always', SLIPWAY_TLS_VERIFY: 'false' };
    const said = registrySettings(environment(variables));
    assert.deepEqual(said.plainHttp, { value: 'always', origin: 'SLIPWAY_PLAIN_HTTP' });
    assert.deepEqual(said.tlsVerify, { value: false, origin: 'SLIPWAY_TLS_VERIFY' });
    const flagged = registrySettings(
      environment(variables, { plainHttp: 'never', tlsVerify: true }),
    );
    assert.deepEqual(flagged.plainHttp, { value: 'never', origin: '--plain-http' });
    assert.deepEqual(flagged.tlsVerify, { value: true, origin: '--tls-verify' });
  });

  const REFUSED = {
    SLIPWAY_PLAIN_HTTP: 'perhaps',
    SLIPWAY_TLS_VERIFY: 'no',
    HTTPS_PROXY: 'ftp://me:s3cret@x',
  };
  for (const [name, value] of Object.entries(REFUSED)) {
    it(`refuses ${name}=${value.slice(0, 7)}, by its name and without a password`, () => {
      assert.throws(
        () => registrySettings(environment({ [name]: value })),
        (error) => {
          assert.ok(error instanceof Error && error.message.includes(name));
          assert.ok(!error.message.includes('s3cret'));
          return true;
        },
      );
    });
  }
});

describe('credentialSettings', () => {
  it('podman’s files after docker’s', () => {
    assert.deepEqual(credentialSettings(environment({ XDG_RUNTIME_DIR: '/run/me' })), {
      moreFiles: ['/run/me/containers/auth.json', '/home/me/.config/containers/auth.json'],
    });
  });

  it('variables', () => {
    const found = credentialSettings(
      environment({ DOCKER_AUTH_CONFIG: '{}', REGISTRY_AUTH_FILE: '/a.json' }),
    );
    assert.deepEqual(found.document, { value: '{}', origin: 'DOCKER_AUTH_CONFIG' });
    assert.equal(found.onlyFile, '/a.json');
  });
});
