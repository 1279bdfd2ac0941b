/** From flags, variables and file to one configuration. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DEFAULT_CONFIG, type RegistryConfig } from '#core/registry-config.ts';
import { type ConfigSources, resolveConfig } from '#registry/config/resolve.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface Given {
  readonly yaml?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly flags?: ConfigSources['flags'];
}

function resolved({ yaml, variables = {}, flags = {} }: Given): RegistryConfig {
  using folder = tempFolder();
  const file = folder.at('registry.yaml');
  if (yaml !== undefined) writeFileSync(file, yaml);
  return resolveConfig({
    flags,
    variable: (name) => variables[name],
    ...(yaml === undefined ? {} : { file }),
  });
}

describe('where a value comes from', () => {
  it('nothing said: the defaults', () => {
    assert.deepEqual(resolved({}), DEFAULT_CONFIG);
    assert.deepEqual(resolved({ yaml: '' }), DEFAULT_CONFIG);
  });

  it('flag over variable over the variable of docker over file', () => {
    const yaml = 'address: file:1\n';
    assert.equal(resolved({ yaml }).address, 'file:1');
    const docker = { REGISTRY_HTTP_ADDR: 'docker:1' };
    assert.equal(resolved({ yaml, variables: docker }).address, 'docker:1');
    const own = { ...docker, SLIPWAY_REGISTRY_ADDRESS: 'own:1' };
    assert.equal(resolved({ yaml, variables: own }).address, 'own:1');
    const flags = { address: 'flag:1' };
    assert.equal(resolved({ yaml, variables: own, flags }).address, 'flag:1');
  });

  it('JSON is YAML', () => {
    assert.equal(resolved({ yaml: '{"read-only": true}' }).readOnly, true);
  });

  it('paths in the file are relative to it; those of variables are as they are', () => {
    const { auth } = resolved({ yaml: 'auth:\n  users: users\n' });
    assert.match(auth.users ?? '', /^\/.*\/users$/);
    const variables = { REGISTRY_AUTH_HTPASSWD_PATH: 'users' };
    assert.equal(resolved({ variables }).auth.users, 'users');
  });
});

describe('sections', () => {
  it('TLS by files, with client certificates', () => {
    const { tls } = resolved({
      yaml: 'tls: {certificate: /c, key: /k, client-ca: /ca, clients: require}\n',
    });
    assert.deepEqual(tls, {
      source: { kind: 'files', certificate: '/c', key: '/k' },
      clientCa: '/ca',
      clients: 'require',
    });
  });

  it('TLS of our own, with names in a list', () => {
    const { tls } = resolved({ yaml: 'tls:\n  self: true\n  names: [a.test, 10.0.0.1]\n' });
    assert.deepEqual(tls?.source, { kind: 'self', names: ['a.test', '10.0.0.1'] });
  });

  it('rules and groups', () => {
    const { auth } = resolved({
      yaml: 'access:\n  groups: {dev: [bob]}\n  rules:\n    - {repositories: "a/**", groups: [dev], actions: [pull]}\n',
    });
    assert.deepEqual(auth.rules, {
      groups: { dev: ['bob'] },
      rules: [{ repositories: 'a/**', users: [], groups: ['dev'], actions: ['pull'] }],
    });
  });
});

describe('what cannot be is refused, with its place and the fix', () => {
  const cases: readonly (readonly [given: Given, message: RegExp])[] = [
    [{ yaml: 'read-only: yes\ntls:\n  cert: x\n' }, /registry\.yaml:3: there is no key tls\.cert/],
    [{ yaml: 'a: [\n' }, /registry\.yaml:\d+: /],
    [{ yaml: 'read-only: maybe\n' }, /read-only is "maybe"/],
    [{ yaml: 'auth: {anonymous: push}\n' }, /auth\.anonymous is "push"/],
    [{ yaml: 'auth: {token-seconds: 0}\n' }, /auth\.token-seconds is "0"/],
    [{ yaml: 'tls: {certificate: x}\n' }, /need each other/],
    [{ yaml: 'tls: {client-ca: x}\n' }, /needs a certificate/],
    [{ yaml: 'auth: {realm: "https://a.test"}\n' }, /needs auth\.issuer/],
    [{ yaml: 'access: {rules: [{repositories: x, actions: [fly]}]}\n' }, /allows fly/],
    [
      { yaml: 'access: {rules: [{repositories: x, groups: [g], actions: [pull]}]}\n' },
      /names the group g/,
    ],
    [{ yaml: 'access: {rules: [{repository: x, actions: [pull]}]}\n' }, /no key repository/],
  ];
  for (const [given, message] of cases) {
    it(JSON.stringify(given.yaml), () => {
      assert.throws(() => resolved(given), { code: 'CONFIG_INVALID', message });
    });
  }

  it('a file that is not there', () => {
    const sources = { flags: {}, variable: () => undefined, file: '/nonexistent/x.yaml' };
    assert.throws(() => resolveConfig(sources), { code: 'FILE_MISSING' });
  });
});
