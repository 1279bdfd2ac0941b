/** From names and files to plans: which file wins, fact by fact. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { parseReference } from '#core/reference.ts';
import { NO_REGISTRY_SETTINGS, type RegistrySettings } from '#core/registry-settings.ts';
import { type HostPlan, type RegistryPlan, registryHost } from '#remote/registries/plan.ts';
import { Registries } from '#remote/registries/registries.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** All kinds of files in one folder. */
function settingsIn(folder: TempFolder, more: Partial<RegistrySettings> = {}): RegistrySettings {
  return {
    ...NO_REGISTRY_SETTINGS,
    own: [folder.at('own.yaml')],
    containers: {
      main: [folder.at('user.conf'), folder.at('registries.conf')],
      dropIns: [folder.at('conf.d')],
    },
    hosts: [folder.at('hosts')],
    daemon: [folder.at('daemon.json')],
    buildkit: [folder.at('buildkitd.toml')],
    certificates: [folder.at('certs.d'), folder.at('docker.d')],
    ...more,
  };
}

function write(folder: TempFolder, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.at(name)), { recursive: true });
    writeFileSync(folder.at(name), text);
  }
}

async function planOf(
  name: string,
  files: Readonly<Record<string, string>>,
  more: Partial<RegistrySettings> = {},
): Promise<RegistryPlan> {
  using folder = tempFolder();
  write(folder, files);
  const registries = new Registries(settingsIn(folder, more));
  const { plan } = await registries.route(parseReference(name));
  return JSON.parse(JSON.stringify(plan).replaceAll(`${folder.path}/`, ''));
}

const urls = ({ endpoints, repository }: HostPlan): readonly string[] =>
  endpoints.map(({ api }) => `${api}${repository}`);
const hosts = (plan: RegistryPlan): readonly (readonly string[])[] => plan.hosts.map(urls);

describe('without files', () => {
  it('TLS, verified; the Hub by its own host', async () => {
    const plan = await planOf('alpine', {});
    assert.deepEqual(hosts(plan), [['https://registry-1.docker.io/v2/library/alpine']]);
    assert.deepEqual(registryHost(plan).verify, { value: true, origin: 'default' });
  });

  it('this machine: plain HTTP, else TLS that is not verified', async () => {
    const plan = await planOf('localhost:5000/x', {});
    assert.deepEqual(hosts(plan), [['http://localhost:5000/v2/x', 'https://localhost:5000/v2/x']]);
    assert.deepEqual(registryHost(plan).verify, { value: false, origin: 'default: loopback' });
  });

  it('this machine with an authority for it: TLS first, verified', async () => {
    const plan = await planOf('localhost:5000/x', { 'certs.d/localhost:5000/ca.crt': '' });
    assert.deepEqual(hosts(plan), [['https://localhost:5000/v2/x', 'http://localhost:5000/v2/x']]);
    assert.equal(registryHost(plan).verify.value, true);
  });
});

describe('insecure', () => {
  const SAID: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'daemon.json, a host': { 'daemon.json': '{"insecure-registries": ["10.0.0.7:5000"]}' },
    'daemon.json, a network': { 'daemon.json': '{"insecure-registries": ["10.0.0.0/24"]}' },
    'registries.conf': {
      'registries.conf': '[[registry]]\nlocation="10.0.0.7:5000"\ninsecure=true',
    },
    'a drop-in': { 'conf.d/a.conf': '[[registry]]\nlocation="10.0.0.7:5000"\ninsecure=true' },
    'our own file': {
      'own.yaml': 'registries: [{prefix: 10.0.0.0/8, plain-http: auto, tls-verify: false}]',
    },
  };
  for (const [name, files] of Object.entries(SAID)) {
    it(`${name}: TLS unverified, else plain HTTP`, async () => {
      const plan = await planOf('10.0.0.7:5000/x', files);
      const [http, https] = ['http', 'https'].map((scheme) => `${scheme}://10.0.0.7:5000/v2/x`);
      assert.deepEqual(hosts(plan), [[https, http]]);
      assert.equal(registryHost(plan).verify.value, false);
      const [other] = (await planOf('10.9.0.7:5001/x', files)).hosts;
      assert.equal(other?.verify.value, name !== 'our own file');
    });
  }
});

describe('flags', () => {
  const flag = (plainHttp: 'auto' | 'always' | 'never'): Partial<RegistrySettings> => ({
    plainHttp: { value: plainHttp, origin: '--plain-http' },
  });
  const CASES: readonly (readonly [
    string,
    string,
    Partial<RegistrySettings>,
    readonly string[],
  ])[] = [
    ['always', 'r.example/x', flag('always'), ['http://r.example/v2/x']],
    ['never, over a file', 'in.example/x', flag('never'), ['https://in.example/v2/x']],
    [
      'auto: a private address',
      '10.0.0.7:5000/x',
      flag('auto'),
      ['https://10.0.0.7:5000/v2/x', 'http://10.0.0.7:5000/v2/x'],
    ],
    [
      'auto: a public address',
      '93.184.216.34:5000/x',
      flag('auto'),
      ['https://93.184.216.34:5000/v2/x'],
    ],
    [
      'tls-verify=false allows both',
      'r.example/x',
      { tlsVerify: { value: false, origin: '--tls-verify' } },
      ['https://r.example/v2/x', 'http://r.example/v2/x'],
    ],
    [
      'tls-verify=true, over a file',
      'in.example/x',
      { tlsVerify: { value: true, origin: '--tls-verify' } },
      ['https://in.example/v2/x'],
    ],
  ];
  for (const [name, image, more, expected] of CASES) {
    it(name, async () => {
      const plan = await planOf(
        image,
        { 'daemon.json': '{"insecure-registries": ["in.example"]}' },
        more,
      );
      assert.deepEqual(hosts(plan), [expected]);
    });
  }
});

describe('locations and mirrors', () => {
  it('the longest prefix is moved; mirrors come first', async () => {
    const plan = await planOf('docker.io/team/app:1', {
      'registries.conf': `
        [[registry]]
        location = "docker.io"
        [[registry.mirror]]
        location = "short.example"
        [[registry]]
        prefix = "docker.io/team"
        location = "r.example:5000/hub"
        [[registry.mirror]]
        location = "m.example/cache"
        insecure = true
      `,
    });
    assert.deepEqual(hosts(plan), [
      ['https://m.example/v2/cache/app', 'http://m.example/v2/cache/app'],
      ['https://r.example:5000/v2/hub/app'],
    ]);
    assert.deepEqual(plan.location, {
      value: 'r.example:5000/hub/app',
      origin: 'registries.conf: registry[1]',
    });
  });

  it('mirrors of the Hub in daemon.json are not for others', async () => {
    const files = { 'daemon.json': '{"registry-mirrors": ["http://m.example:5000"]}' };
    assert.deepEqual(hosts(await planOf('alpine', files)), [
      ['http://m.example:5000/v2/library/alpine'],
      ['https://registry-1.docker.io/v2/library/alpine'],
    ]);
    assert.equal((await planOf('ghcr.io/x/y', files)).hosts.length, 1);
  });

  it('buildkitd.toml: mirrors, with what it says of their own hosts', async () => {
    const files = {
      'buildkitd.toml': [
        'debug = true',
        '[registry."docker.io"]',
        'mirrors = ["mirror.example:5000", "harbor.example/hub"]',
        '[registry."mirror.example:5000"]',
        'http = true',
        '[registry."harbor.example"]',
        'ca = ["ca.pem"]',
        '[[registry."harbor.example".keypair]]',
        'key = "me.key"',
        'cert = "me.pem"',
      ].join('\n'),
    };
    const plan = await planOf('alpine', files);
    assert.deepEqual(hosts(plan), [
      ['http://mirror.example:5000/v2/library/alpine'],
      ['https://harbor.example/v2/hub/library/alpine'],
      ['https://registry-1.docker.io/v2/library/alpine'],
    ]);
    const harbor = plan.hosts[1];
    const origin = 'buildkitd.toml: registry."harbor.example"';
    assert.deepEqual(harbor?.authorities, { value: ['ca.pem'], origin });
    assert.deepEqual(harbor?.client, { value: { certificate: 'me.pem', key: 'me.key' }, origin });
    assert.deepEqual(hosts(await planOf('quay.io/x/y', files)), [['https://quay.io/v2/x/y']]);
  });

  for (const [said, endpoints, verify] of [
    ['http = true', ['http://r.example/v2/x'], true],
    ['insecure = true', ['https://r.example/v2/x'], false],
    ['http = true\ninsecure = true', ['https://r.example/v2/x', 'http://r.example/v2/x'], false],
  ] as const) {
    it(`buildkitd.toml: ${said.replace('\n', ' and ')}`, async () => {
      const plan = await planOf('r.example/x', {
        'buildkitd.toml': `[registry."r.example"]\n${said}`,
      });
      assert.deepEqual(hosts(plan), [endpoints]);
      assert.equal(registryHost(plan).verify.value, verify);
    });
  }

  it('hosts.toml: mirrors that hear of the registry, _default for the rest', async () => {
    const files = {
      'hosts/docker.io/hosts.toml': '[host."https://m.example"]\ncapabilities=["pull"]',
      'hosts/_default/hosts.toml': '[host."http://all.example/prefix/v2"]\noverride_path=true',
    };
    const [mirror] = (await planOf('alpine', files)).hosts;
    assert.equal(mirror?.namespace, 'docker.io');
    assert.equal(mirror?.resolvesTags, false);
    assert.deepEqual(hosts(await planOf('ghcr.io/x/y', files)), [
      ['http://all.example/prefix/v2/x/y'],
      ['https://ghcr.io/v2/x/y'],
    ]);
  });

  it('mirrors for tags and mirrors for digests', async () => {
    const files = {
      'own.yaml': `registries:
  - prefix: r.example
    mirrors:
      - {location: tags.example, pull-from-mirror: tag-only}
      - {location: digests.example, pull-from-mirror: digest-only}`,
    };
    const used = async (name: string): Promise<readonly string[]> =>
      (await planOf(name, files)).hosts.map(({ registry }) => registry);
    const digest = `sha256:${'a'.repeat(64)}`;
    assert.deepEqual(await used('r.example/x:1'), ['tags.example', 'r.example']);
    assert.deepEqual(await used(`r.example/x@${digest}`), ['digests.example', 'r.example']);
    assert.deepEqual(await used(`r.example/x:1@${digest}`), ['digests.example', 'r.example']);
  });

  it('what certs.d says of a mirror’s host holds for the mirror', async () => {
    const plan = await planOf('alpine', {
      'daemon.json': '{"registry-mirrors": ["https://m.example"]}',
      'docker.d/m.example/ca.crt': '',
    });
    assert.deepEqual(plan.hosts[0]?.authorities, {
      value: ['docker.d/m.example/ca.crt'],
      origin: 'docker.d/m.example',
    });
    assert.deepEqual(plan.hosts[1]?.authorities.value, []);
  });

  it('a location that makes no name is refused', async () => {
    const files = { 'registries.conf': '[[registry]]\nprefix="r.example"\nlocation="UP/Per"' };
    await assert.rejects(planOf('r.example/x', files), { code: 'CONFIG_INVALID' });
  });
});

describe('which file wins', () => {
  const everything = {
    'own.yaml': 'registries: [{prefix: r.example, ca: own.pem}]',
    'registries.conf':
      '[[registry]]\nlocation="r.example"\n[[registry.mirror]]\nlocation="conf.example"',
    'hosts/r.example/hosts.toml': 'ca="hosts.pem"\n[host."https://hosts.example"]',
    'daemon.json': '{"insecure-registries": ["r.example"]}',
    'certs.d/r.example/ca.crt': '',
    'docker.d/r.example/ca.crt': '',
  };

  it('fact by fact: ours, registries.conf, hosts.toml, daemon.json, certs.d', async () => {
    const plan = await planOf('r.example/x', everything);
    const host = registryHost(plan);
    assert.equal(host.authorities.origin, 'own.yaml: registries[0]');
    assert.equal(plan.hosts[0]?.registry, 'conf.example');
    assert.equal(host.verify.origin, 'daemon.json: insecure-registries[0]');
    const { 'own.yaml': _own, ...rest } = everything;
    assert.equal(
      registryHost(await planOf('r.example/x', rest)).authorities.origin,
      'hosts/r.example/hosts.toml',
    );
    const { 'hosts/r.example/hosts.toml': _hosts, ...fewer } = rest;
    assert.equal(
      registryHost(await planOf('r.example/x', fewer)).authorities.origin,
      'certs.d/r.example',
    );
  });

  it('the user’s registries.conf stands in for the system’s', async () => {
    const plan = await planOf('r.example/x', {
      'user.conf': '[[registry]]\nlocation="other.example"',
      'registries.conf': '[[registry]]\nlocation="r.example"\nblocked=true',
    });
    assert.equal(plan.blocked.value, false);
  });

  it('of registries.conf only the longest entry counts, as in podman', async () => {
    const plan = await planOf('r.example/team/x', {
      'registries.conf':
        '[[registry]]\nlocation="r.example"\ninsecure=true\n[[registry]]\nprefix="r.example/team"\nlocation="r.example/team"',
    });
    assert.equal(registryHost(plan).verify.value, true);
  });

  it('proxies: the variable, then daemon.json; an entry over both', async () => {
    const files = {
      'daemon.json':
        '{"proxies": {"https-proxy": "http://daemon:1", "http-proxy": "http://daemon:2"}}',
      'own.yaml': 'registries: [{prefix: direct.example, proxy: none}]',
    };
    const proxies = { https: { value: 'http://env:1', origin: 'HTTPS_PROXY' } };
    const proxy = async (name: string, more = {}): Promise<unknown> =>
      registryHost(await planOf(name, files, more)).proxy.origin;
    assert.equal(await proxy('r.example/x'), 'daemon.json: proxies.https-proxy');
    assert.equal(await proxy('r.example/x', { proxies }), 'HTTPS_PROXY');
    assert.equal(await proxy('direct.example/x', { proxies }), 'own.yaml: registries[0]');
  });
});

it('a daemon’s file that we may not read says nothing; our own must be readable', async () => {
  using folder = tempFolder();
  chmodSync(folder.path, 0o755);
  write(folder, { 'daemon.json': '{"insecure-registries": ["r.example"]}', 'own.yaml': '' });
  chmodSync(folder.at('daemon.json'), 0);
  using _ = asNobody();
  const registries = new Registries(settingsIn(folder));
  assert.deepEqual([...(await registries.files()).unreadable], [folder.at('daemon.json')]);
  const own = new Registries(settingsIn(folder, { own: [folder.at('daemon.json')], daemon: [] }));
  await assert.rejects(own.files(), { code: 'PERMISSION' });
});

/** Root may read everything: for a while we are not. */
function asNobody(): Disposable {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  return { [Symbol.dispose]: () => void (isRoot && process.seteuid?.(0)) };
}
