/** docker's words about networks, hosts and name servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetwork } from '#core/container-network.ts';

test("default is the host's network", () => {
  for (const network of ['default', 'host']) {
    assert.equal(parseNetwork({ network })?.mode, 'host');
  }
  assert.equal(parseNetwork({ network: 'none' })?.mode, 'none');
  assert.equal(parseNetwork({ network: undefined, dns: [] }), undefined);
});

test('networks that need a daemon are refused with what there is', () => {
  assert.throws(() => parseNetwork({ network: 'bridge' }), {
    code: 'USAGE',
    message: 'network bridge not found',
    hint: /host \(the default\), none, pasta or slirp4netns/,
  });
});

const HOSTS: readonly (readonly [string, string, string])[] = [
  ['db:10.0.0.5', 'db', '10.0.0.5'],
  ['db=10.0.0.5', 'db', '10.0.0.5'],
  ['db:2001:db8::5', 'db', '2001:db8::5'],
  ['db=[2001:db8::5]', 'db', '2001:db8::5'],
  ['db:::1', 'db', '::1'],
  ['here:host-gateway', 'here', '127.0.0.1'],
];

for (const [text, name, address] of HOSTS) {
  test(`--add-host ${text}`, () => {
    assert.deepEqual(parseNetwork({ 'add-host': [text] })?.extraHosts, [{ name, address }]);
  });
}

for (const text of ['db', ':1.2.3.4', 'db:', 'db:1.2.3', 'db=example.com']) {
  test(`--add-host ${text} is refused`, () => {
    assert.throws(() => parseNetwork({ 'add-host': [text] }), { code: 'USAGE' });
  });
}

test('host-gateway needs a way to the host', () => {
  const words = { network: 'none', 'add-host': ['here:host-gateway'] };
  assert.throws(() => parseNetwork(words), { code: 'USAGE' });
});

test('--dns takes addresses only', () => {
  assert.deepEqual(parseNetwork({ dns: ['1.1.1.1', '::1'] })?.dns, ['1.1.1.1', '::1']);
  assert.throws(() => parseNetwork({ dns: ['example.com'] }), {
    message: /is not an ip address$/,
  });
});
