/** Upstreams from the file, flags and docker's variables. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import type { UpstreamConfig } from '#core/registry-config.ts';
import { resolveConfig } from '#registry/config/resolve.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const USUAL = {
  name: 'docker.io',
  url: 'https://registry-1.docker.io',
  namespaces: ['docker.io'],
  prefixes: [],
  repositories: [],
  only: ['**'],
  credentials: { kind: 'none' },
  anonymous: 'pull',
  push: false,
  freshMs: 60_000,
} as const satisfies UpstreamConfig;

function upstreams(
  yaml: string,
  {
    proxies = [],
    variables = {},
  }: { proxies?: readonly string[]; variables?: Readonly<Record<string, string>> } = {},
): readonly UpstreamConfig[] {
  using folder = tempFolder();
  const file = folder.at('registry.yaml');
  writeFileSync(file, yaml);
  writeFileSync(folder.at('password'), 'from a file\n');
  const variable = (name: string): string | undefined => variables[name];
  return resolveConfig({ flags: {}, variable, file, proxies }).proxy.upstreams;
}

describe('upstreams', () => {
  it('a flag names one, or stands for all names', () => {
    assert.deepEqual(upstreams('', { proxies: ['docker.io=https://registry-1.docker.io'] }), [
      USUAL,
    ]);
    assert.deepEqual(upstreams('', { proxies: ['https://registry-1.docker.io'] }), [
      { ...USUAL, repositories: ['**'] },
    ]);
    const [local] = upstreams('', { proxies: ['http://localhost:5001'] });
    assert.equal(local?.name, 'localhost-5001');
  });

  it("docker's variables make one for all names, closed where it has a password", () => {
    const variables = {
      REGISTRY_PROXY_REMOTEURL: 'https://registry-1.docker.io',
      REGISTRY_PROXY_USERNAME: 'ana',
      REGISTRY_PROXY_PASSWORD: 'secret',
      REGISTRY_PROXY_TTL: '24h',
    };
    const expected = {
      ...USUAL,
      repositories: ['**'],
      credentials: { kind: 'password', username: 'ana', password: 'secret' },
      anonymous: 'none',
      ttlMs: 86_400_000,
    };
    assert.deepEqual(upstreams('', { variables }), [expected]);
    const opened = { ...variables, SLIPWAY_REGISTRY_PROXY_ANONYMOUS: 'pull' };
    assert.deepEqual(upstreams('', { variables: opened }), [{ ...expected, anonymous: 'pull' }]);
  });

  it('the file says everything, and a flag of the same name wins', () => {
    const yaml = `
proxy:
  upstreams:
    - url: https://registry-1.docker.io
      namespaces: [docker.io, index.docker.io]
      prefixes: [hub]
      repositories: ["library/*", "/x-[0-9]+/"]
      only: ["library/**"]
      username: ana
      password-file: password
      push: true
      fresh: 0
      ttl: 7d
      bandwidth: 20MiB
    - { name: ghcr.io, url: "https://ghcr.io", credentials: files }
`;
    const [hub, github] = upstreams(yaml);
    assert.deepEqual(hub, {
      ...USUAL,
      namespaces: ['docker.io', 'index.docker.io'],
      prefixes: ['hub'],
      repositories: ['library/*', '/x-[0-9]+/'],
      only: ['library/**'],
      credentials: { kind: 'password', username: 'ana', password: 'from a file' },
      anonymous: 'none',
      push: true,
      freshMs: 0,
      ttlMs: 604_800_000,
      bytesPerSecond: 20 * 1024 ** 2,
    });
    assert.deepEqual([github?.credentials, github?.anonymous], [{ kind: 'files' }, 'none']);
    const flagged = upstreams(yaml, { proxies: ['ghcr.io=http://localhost:1'] });
    assert.deepEqual(
      flagged.map(({ url }) => url),
      ['http://localhost:1', 'https://registry-1.docker.io'],
    );
  });

  it('a ttl is a rule of retention for what is kept below the name', () => {
    const sources = { flags: {}, variable: () => undefined };
    const proxies = ['docker.io=https://registry-1.docker.io'];
    assert.deepEqual(resolveConfig({ ...sources, proxies }).care.retention.rules, []);
    const variables: Readonly<Record<string, string>> = {
      REGISTRY_PROXY_REMOTEURL: 'https://registry-1.docker.io',
    };
    const { care } = resolveConfig({ ...sources, variable: (name) => variables[name] });
    const ttlMs = 168 * 3_600_000;
    assert.deepEqual(care.retention.rules, [
      {
        repositories: 'docker.io/**',
        tags: '**',
        pushedWithinMs: ttlMs,
        pulledWithinMs: ttlMs,
        untaggedMs: ttlMs,
      },
    ]);
  });

  for (const [what, entry] of [
    ['no URL', '{ url: registry-1.docker.io }'],
    ['a user in the URL', '{ url: "https://a:b@ghcr.io" }'],
    ['a query in the URL', '{ url: "https://ghcr.io/?x=1" }'],
    ['an unknown key', '{ url: "https://ghcr.io", tll: 1d }'],
    ['a name that is none', '{ url: "https://ghcr.io", name: "A b" }'],
    ['half of the credentials', '{ url: "https://ghcr.io", username: ana }'],
    ['a broken expression', '{ url: "https://ghcr.io", repositories: ["/(/"] }'],
    ['a time that is none', '{ url: "https://ghcr.io", ttl: soon }'],
    ['a rate that is none', '{ url: "https://ghcr.io", bandwidth: fast }'],
    ['unknown credentials', '{ url: "https://ghcr.io", credentials: mine }'],
    ['an unknown right', '{ url: "https://ghcr.io", anonymous: push }'],
    ['one name twice', '{ url: "https://ghcr.io" }\n    - { url: "http://ghcr.io" }'],
  ] as const) {
    it(`${what} is refused`, () => {
      assert.throws(
        () => upstreams(`proxy:\n  upstreams:\n    - ${entry}\n`),
        (error) => isSlipwayError(error, 'CONFIG_INVALID'),
      );
    });
  }
});
