/** `config registries` on a real engine: which file won, and what never shows. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { NO_REGISTRY_SETTINGS, type RegistrySettings } from '#core/registry-settings.ts';
import { openEngine } from '#engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

async function configRegistries(
  folder: TempFolder,
  argv: readonly string[],
  settings: Partial<RegistrySettings>,
): Promise<string> {
  const auths = { 'm.example': { auth: Buffer.from('me:s3cret').toString('base64') } };
  writeFileSync(folder.at('config.json'), JSON.stringify({ auths }));
  await using engine = await openEngine({
    root: folder.at('store'),
    helper: '/nonexistent',
    snapshotter: 'auto',
    parallelTransfers: 1,
    credentialsFile: folder.at('config.json'),
    registries: { ...NO_REGISTRY_SETTINGS, ...settings },
  });
  const outcome = await runCommand(['config', 'registries', ...argv], { engine });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  return outcome.stdout.replaceAll(`${folder.path}/`, '');
}

describe('config registries', () => {
  it('--explain: hosts in their order, each fact with what says so', async () => {
    using folder = tempFolder();
    writeFileSync(
      folder.at('own.yaml'),
      'registries: [{prefix: docker.io, mirrors: [{location: m.example/hub, plain-http: auto}]}]',
    );
    const settings = {
      own: [folder.at('own.yaml')],
      proxies: { https: { value: 'http://me:s3cret@proxy:1', origin: 'HTTPS_PROXY' } },
    };
    const text = await configRegistries(folder, ['--explain', 'alpine:3'], settings);
    assert.deepEqual(
      text.split('\n').map((line) => line.trim().split(/ {3,}/)),
      [
        ['docker.io/library/alpine:3'],
        ['FACT', 'VALUE', 'ORIGIN'],
        ['location', 'docker.io/library/alpine', 'default'],
        ['blocked', 'no', 'default'],
        [''],
        ['1.'],
        ['FACT', 'VALUE', 'ORIGIN'],
        [
          'mirror',
          'https://m.example/v2/hub/library/alpine/',
          'own.yaml: registries[0].mirrors[0]',
        ],
        ['or', 'http://m.example/v2/hub/library/alpine/', 'own.yaml: registries[0].mirrors[0]'],
        ['plain-http', 'where there is no TLS', 'own.yaml: registries[0].mirrors[0]'],
        ['tls-verify', 'yes', 'default'],
        ['ca', 'those of this machine', 'default'],
        ['client', 'none', 'default'],
        ['proxy', 'http://proxy:1', 'HTTPS_PROXY'],
        ['tags', 'asked for, too', 'own.yaml: registries[0].mirrors[0]'],
        ['credentials', 'user me', 'config.json'],
        [''],
        ['2.'],
        ['FACT', 'VALUE', 'ORIGIN'],
        ['registry', 'https://registry-1.docker.io/v2/library/alpine/', 'default'],
        ['plain-http', 'never', 'default'],
        ['tls-verify', 'yes', 'default'],
        ['ca', 'those of this machine', 'default'],
        ['client', 'none', 'default'],
        ['proxy', 'http://proxy:1', 'HTTPS_PROXY'],
        ['credentials', 'none', 'default'],
        [''],
      ],
    );
  });

  it('the files, and what they say about which names; no password in it', async () => {
    using folder = tempFolder();
    writeFileSync(folder.at('daemon.json'), '{"insecure-registries": ["10.0.0.0/8"]}');
    const settings = {
      daemon: [folder.at('daemon.json'), folder.at('none.json')],
      certificates: [folder.at('certs.d')],
      proxies: { http: { value: 'http://me:s3cret@proxy:1', origin: 'HTTP_PROXY' } },
      plainHttp: { value: 'auto', origin: '--plain-http' },
    } as const;
    const report = JSON.parse(await configRegistries(folder, ['--format', 'json'], settings));
    assert.deepEqual(report, {
      files: [
        { path: 'daemon.json', state: 'read' },
        { path: 'none.json', state: 'absent' },
        { path: 'certs.d/', state: 'absent' },
      ],
      rules: [
        {
          names: '10.0.0.0/8',
          says: 'plain HTTP where there is no TLS; not verified',
          origin: 'daemon.json: insecure-registries[0]',
        },
      ],
      facts: [
        { name: 'http-proxy', value: 'http://proxy:1', origin: 'HTTP_PROXY' },
        { name: 'plain-http', value: 'auto', origin: '--plain-http' },
      ],
    });
    assert.match(
      await configRegistries(folder, [], settings),
      /^FILE +STATE\ndaemon\.json +read\n/,
    );
  });
});
