/** The files a container gets beside its layers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hostsText, resolvText, rootFiles } from '#runtime/root-files.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('hosts names the container, all are bound read-only, a hostname is for run only', async () => {
  using folder = tempFolder();
  const options = { hostname: 'box', network: { mode: 'host' } } as const;
  const mounts = rootFiles(folder.path, { ...options, isRun: true });
  assert.deepEqual(
    mounts.map(({ destination, source }) => [destination, source]),
    [
      ['/etc/hosts', folder.at('hosts')],
      ['/etc/resolv.conf', folder.at('resolv.conf')],
      ['/etc/hostname', folder.at('hostname')],
    ],
  );
  for (const { type, options: flags } of mounts) {
    assert.equal(type, 'bind');
    assert.ok(flags?.includes('ro') && flags.includes('nosuid') && flags.includes('nodev'));
  }
  assert.match(readFileSync(folder.at('hosts'), 'utf8'), /^127\.0\.0\.1\tlocalhost box$/m);
  assert.equal(readFileSync(folder.at('hostname'), 'utf8'), 'box\n');
  assert.equal(rootFiles(folder.path, options).length, 2);
});

test("hosts: ours first, the host's names without its own localhost, then what was added", () => {
  const host = '127.0.0.1 localhost\n10.0.0.1 ci ci.example # the server\nff02::1 ip6-allnodes\n\n';
  const extraHosts = [{ name: 'db', address: '2001:db8::5' }];
  const text = hostsText({ hostname: 'box', network: { mode: 'host', extraHosts } }, host);
  assert.deepEqual(text.split('\n').slice(5), [
    'ff02::2\tip6-allrouters',
    '10.0.0.1 ci ci.example',
    '2001:db8::5\tdb',
    '',
  ]);
});

const HOST_RESOLV = `# made by somebody
nameserver 127.0.0.53
nameserver 10.0.0.53
search example.com corp
options edns0
`;

test("resolv.conf: the host's, without comments", () => {
  assert.equal(
    resolvText({ mode: 'host' }, HOST_RESOLV),
    'nameserver 127.0.0.53\nnameserver 10.0.0.53\nsearch example.com corp\noptions edns0\n',
  );
});

test("resolv.conf: a name server of the host's loopback is of no use in another network", () => {
  assert.match(resolvText({ mode: 'none' }, HOST_RESOLV), /^nameserver 10\.0\.0\.53\nsearch/);
});

test('resolv.conf: each flag replaces its own part', () => {
  const dns = resolvText({ mode: 'host', dns: ['1.2.3.4', '::5'] }, HOST_RESOLV);
  assert.equal(dns, 'nameserver 1.2.3.4\nnameserver ::5\nsearch example.com corp\noptions edns0\n');
  const search = resolvText({ mode: 'host', dnsSearch: ['a.b'], dnsOptions: ['ndots:2'] }, '');
  assert.equal(search, 'search a.b\noptions ndots:2\n');
  assert.equal(resolvText({ mode: 'host', dnsSearch: ['.'] }, 'search corp\n'), '');
});
