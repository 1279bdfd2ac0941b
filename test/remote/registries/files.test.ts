/** Each kind of configuration file: what is understood, and how mistakes are told. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { readCertificateFolder } from '#remote/registries/certificate-folder.ts';
import { parseDaemonJson } from '#remote/registries/daemon-json.ts';
import { INSECURE } from '#remote/registries/entry.ts';
import { parseHostsToml } from '#remote/registries/hosts-toml.ts';
import { parseOwnFile } from '#remote/registries/own-file.ts';
import { mergeRegistriesConf, parseRegistriesConf } from '#remote/registries/registries-conf.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const prefix = (text: string): object => ({ kind: 'prefix', text });
const ALWAYS = { use: 'all', resolvesTags: true, sendsNamespace: false, transport: {} };

describe('registries.conf', () => {
  const parse = (text: string): ReturnType<typeof parseRegistriesConf> =>
    parseRegistriesConf(text, '/r.conf');

  it('an entry with all it can say', () => {
    const { entries } = parse(`
      [[registry]]
      prefix = "docker.io/team"
      location = "r.example:5000/hub"
      insecure = true
      blocked = false
      [[registry.mirror]]
      location = "m.example"
      [[registry.mirror]]
      location = "n.example/path"
      insecure = true
      pull-from-mirror = "digest-only"
    `);
    assert.deepEqual(entries, [
      {
        origin: '/r.conf: registry[0]',
        pattern: prefix('docker.io/team'),
        location: 'r.example:5000/hub',
        blocked: false,
        mirrors: [
          { ...ALWAYS, origin: '/r.conf: registry[0].mirror[0]', location: 'm.example' },
          {
            ...ALWAYS,
            origin: '/r.conf: registry[0].mirror[1]',
            location: 'n.example/path',
            use: 'digest-only',
            transport: INSECURE,
          },
        ],
        transport: INSECURE,
      },
    ]);
  });

  it('without a prefix, the location is it', () => {
    const [entry] = parse('[[registry]]\nlocation = "r.example"\ninsecure = true').entries;
    assert.deepEqual(entry?.pattern, prefix('r.example'));
    assert.equal(entry?.location, undefined);
  });

  it('mirror-by-digest-only is for mirrors that do not say', () => {
    const [entry] = parse(`
      [[registry]]
      location = "r.example"
      mirror-by-digest-only = true
      mirror = [{ location = "a.example" }, { location = "b.example", pull-from-mirror = "tag-only" }]
    `).entries;
    assert.deepEqual(
      entry?.mirrors?.map(({ use }) => use),
      ['digest-only', 'tag-only'],
    );
  });

  it('drop-ins: the last entry of a prefix counts, aliases add up and can be taken back', () => {
    const { entries, aliases, search, helpers } = mergeRegistriesConf([
      parse(`
        unqualified-search-registries = ["a.example"]
        [aliases]
        one = "a.example/one"
        two = "a.example/two"
        [[registry]]
        location = "r.example"
        blocked = true
      `),
      parse(`
        unqualified-search-registries = ["b.example", "docker.io"]
        credential-helpers = ["containers-auth.json", "secretservice"]
        [aliases]
        two = ""
        [[registry]]
        location = "r.example"
        insecure = true
      `),
    ]);
    assert.deepEqual(
      entries.map(({ blocked, transport }) => [blocked, transport]),
      [[undefined, INSECURE]],
    );
    assert.deepEqual([...aliases.keys()], ['one']);
    assert.deepEqual(search?.registries, ['b.example', 'docker.io']);
    assert.deepEqual(helpers?.value, ['containers-auth.json', 'secretservice']);
  });

  it('the lists of version 1', () => {
    const { entries, search } = parse(`
      [registries.search]
      registries = ["docker.io"]
      [registries.insecure]
      registries = ["r.example:5000"]
      [registries.block]
      registries = ["bad.example"]
    `);
    assert.deepEqual(entries, [
      {
        origin: '/r.conf: registries.insecure',
        pattern: prefix('r.example:5000'),
        transport: INSECURE,
      },
      {
        origin: '/r.conf: registries.block',
        pattern: prefix('bad.example'),
        transport: {},
        blocked: true,
      },
    ]);
    assert.deepEqual(search, { registries: ['docker.io'], origin: '/r.conf: registries.search' });
  });

  const REFUSED: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ['no TOML', 'a = = 1', /^error loading config file: \/r\.conf:1:5: Invalid TOML/],
    [
      'neither prefix nor location',
      '[[registry]]\nblocked = true',
      /\/registry\/0\/prefix must be a host/,
    ],
    [
      'a wildcard that is moved',
      '[[registry]]\nprefix = "*.a.example"\nlocation = "b.example"',
      /location must be left out/,
    ],
    [
      'an unknown use of mirrors',
      '[[registry]]\nlocation = "a.example"\nmirror = [{location = "b", pull-from-mirror = "never"}]',
      /pull-from-mirror must be all/,
    ],
    ['a wrong type', '[[registry]]\nlocation = 5', /\/registry\/0\/location must be a string/],
  ];
  for (const [name, text, message] of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parse(text), { code: 'CONFIG_INVALID', message });
    });
  }
});

describe('daemon.json', () => {
  const parse = (value: unknown): ReturnType<typeof parseDaemonJson> =>
    parseDaemonJson(JSON.stringify(value), '/d.json');

  it('hosts and networks, mirrors of the Hub, proxies', () => {
    const { entries, proxies } = parse({
      debug: true,
      'insecure-registries': ['r.example:5000', '10.0.0.0/8'],
      'registry-mirrors': ['https://m.example', 'http://n.example:5000/'],
      proxies: { 'http-proxy': 'http://p:1', 'no-proxy': 'x.example' },
    });
    assert.deepEqual(
      entries.map(({ pattern, transport }) => [pattern.kind, transport]),
      [
        ['prefix', INSECURE],
        ['network', INSECURE],
        ['prefix', {}],
      ],
    );
    const mirrors = entries[2]?.mirrors;
    assert.deepEqual(mirrors, [
      { ...ALWAYS, origin: '/d.json: registry-mirrors[0]', location: 'm.example', scheme: 'https' },
      {
        ...ALWAYS,
        origin: '/d.json: registry-mirrors[1]',
        location: 'n.example:5000',
        scheme: 'http',
      },
    ]);
    assert.deepEqual(proxies, {
      http: { value: 'http://p:1', origin: '/d.json: proxies.http-proxy' },
      none: { value: 'x.example', origin: '/d.json: proxies.no-proxy' },
    });
  });

  it('an empty file says nothing', () => {
    assert.deepEqual(parseDaemonJson('\n', '/d.json'), { entries: [], proxies: {} });
  });

  it('refuses what docker refuses', () => {
    const refused = { code: 'CONFIG_INVALID' };
    assert.throws(() => parse({ 'registry-mirrors': ['m.example'] }), refused);
    assert.throws(() => parse({ 'registry-mirrors': ['https://m.example/path'] }), refused);
    assert.throws(() => parse({ 'insecure-registries': ['*.example'] }), refused);
    assert.throws(() => parseDaemonJson('{', '/d.json'), refused);
  });
});

describe('hosts.toml', () => {
  const parse = (text: string): ReturnType<typeof parseHostsToml> =>
    parseHostsToml(text, { path: '/c/docker.io/hosts.toml', registry: 'docker.io' });

  it('hosts in their order, with all they can say', () => {
    const entry = parse(`
      server = "https://registry-1.docker.io"
      ca = "hub.crt"
      [host."https://b.example:5000"]
        capabilities = ["pull"]
        ca = ["/abs.crt", "rel.crt"]
        client = [["c.cert", "c.key"]]
        skip_verify = true
        [host."https://b.example:5000".header]
          x-one = "1"
          x-two = ["a", "b"]
      [host."http://a.example/v2/proxy"]
        override_path = true
      [host."https://push.example"]
        capabilities = ["push"]
    `);
    assert.equal(entry.location, 'registry-1.docker.io');
    assert.deepEqual(entry.transport, { authorities: ['/c/docker.io/hub.crt'] });
    assert.deepEqual(entry.mirrors, [
      {
        origin: '/c/docker.io/hosts.toml: host."https://b.example:5000"',
        location: 'b.example:5000',
        scheme: 'https',
        use: 'all',
        resolvesTags: false,
        sendsNamespace: true,
        transport: {
          verify: false,
          authorities: ['/abs.crt', '/c/docker.io/rel.crt'],
          client: { certificate: '/c/docker.io/c.cert', key: '/c/docker.io/c.key' },
          headers: { 'x-one': '1', 'x-two': 'a, b' },
        },
      },
      {
        origin: '/c/docker.io/hosts.toml: host."http://a.example/v2/proxy"',
        location: 'a.example',
        scheme: 'http',
        apiPath: '/v2/proxy/',
        use: 'all',
        resolvesTags: true,
        sendsNamespace: true,
        transport: {},
      },
    ]);
  });

  it('one file can be certificate and key', () => {
    const both = { certificate: '/c/docker.io/both.pem', key: '/c/docker.io/both.pem' };
    assert.deepEqual(parse('client = "both.pem"').transport.client, both);
    assert.deepEqual(parse('client = ["both.pem"]').transport.client, both);
  });
});

describe('certs.d', () => {
  it('authorities, and a certificate with its key', async () => {
    using folder = tempFolder();
    await mkdir(folder.at('r.example:5000'));
    for (const name of ['b.crt', 'a.crt', 'me.cert', 'me.key', 'note.txt']) {
      writeFileSync(folder.at(`r.example:5000/${name}`), '');
    }
    const path = folder.at('r.example:5000');
    assert.deepEqual((await readCertificateFolder(folder.at(''), 'r.example:5000'))?.transport, {
      authorities: [`${path}/a.crt`, `${path}/b.crt`],
      client: { certificate: `${path}/me.cert`, key: `${path}/me.key` },
    });
    assert.equal(await readCertificateFolder(folder.at(''), 'other.example'), undefined);
  });

  it('a certificate without its key is a mistake, in docker’s words', async () => {
    using folder = tempFolder();
    await mkdir(folder.at('r.example'));
    writeFileSync(folder.at('r.example/me.cert'), '');
    await assert.rejects(readCertificateFolder(folder.at(''), 'r.example'), {
      code: 'CONFIG_INVALID',
      message:
        'missing key me.key for client certificate me.cert. CA certificates must use the extension .crt',
    });
  });
});

describe('our own file', () => {
  const parse = (text: string): ReturnType<typeof parseOwnFile> => parseOwnFile(text, '/s/r.yaml');

  it('every key, in YAML', () => {
    const { entries } = parse(`
registries:
  - prefix: docker.io
    location: r.example/hub
    blocked: false
    plain-http: auto
    tls-verify: false
    ca: ca.pem
    client-cert: /c.pem
    client-key: k.pem
    headers: {X-A: b}
    proxy: none
    mirrors:
      - location: m.example:5000
        pull-from-mirror: tag-only
        ns: true
        ca: [a.pem, /b.pem]
`);
    assert.deepEqual(entries, [
      {
        origin: '/s/r.yaml: registries[0]',
        pattern: prefix('docker.io'),
        location: 'r.example/hub',
        blocked: false,
        mirrors: [
          {
            origin: '/s/r.yaml: registries[0].mirrors[0]',
            location: 'm.example:5000',
            use: 'tag-only',
            resolvesTags: true,
            sendsNamespace: true,
            transport: { authorities: ['/s/a.pem', '/b.pem'] },
          },
        ],
        transport: {
          plainHttp: 'after-tls',
          verify: false,
          authorities: ['/s/ca.pem'],
          client: { certificate: '/c.pem', key: '/s/k.pem' },
          headers: { 'X-A': 'b' },
          proxy: 'none',
        },
      },
    ]);
  });

  it('JSON is the same, and an empty file says nothing', () => {
    const { entries } = parse('{"registries": [{"prefix": "10.0.0.0/8", "plain-http": "always"}]}');
    assert.deepEqual(
      entries.map(({ pattern, transport }) => [pattern.kind, transport]),
      [['network', { plainHttp: 'always' }]],
    );
    assert.deepEqual(parse('# nothing yet\n').entries, []);
  });

  const REFUSED: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    [
      'a misspelt key',
      'registries: [{prefix: a.example, tls-verfy: false}]',
      /\/registries\/0\/tls-verfy must be left out/,
    ],
    [
      'an unknown mode',
      'registries: [{prefix: a.example, plain-http: yes please}]',
      /plain-http must be never, auto or always/,
    ],
    [
      'a proxy that is none',
      'registries: [{prefix: a.example, proxy: "::"}]',
      /proxy must be a URL, or none/,
    ],
    [
      'a network that is moved',
      'registries: [{prefix: 10.0.0.0/8, location: a.example}]',
      /location must be left out/,
    ],
    ['no YAML', 'registries: [', /^error loading config file: \/s\/r\.yaml: Flow sequence/],
  ];
  for (const [name, text, message] of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parse(text), { code: 'CONFIG_INVALID', message });
    });
  }
});
