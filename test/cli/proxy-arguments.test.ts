/** Proxies of docker's config.json and of the environment as build arguments. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { proxyArguments } from '#cli/proxy-arguments.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const CONFIG = { proxies: { default: { httpProxy: 'http://conf:1', noProxy: 'here' } } };

for (const [name, config, environment, expected] of [
  ['neither: none', {}, {}, {}],
  [
    'the config: each name in both cases',
    CONFIG,
    {},
    {
      HTTP_PROXY: 'http://conf:1',
      http_proxy: 'http://conf:1',
      NO_PROXY: 'here',
      no_proxy: 'here',
    },
  ],
  [
    'the environment: as it is written there',
    { auths: {} },
    { https_proxy: 'http://env:2', ALL_PROXY: 'socks5://env:3', FTP_PROXY: '' },
    { https_proxy: 'http://env:2', ALL_PROXY: 'socks5://env:3' },
  ],
  [
    'both: the config wins',
    CONFIG,
    { HTTP_PROXY: 'http://env:2', no_proxy: 'there' },
    {
      HTTP_PROXY: 'http://conf:1',
      http_proxy: 'http://conf:1',
      NO_PROXY: 'here',
      no_proxy: 'here',
    },
  ],
] as const) {
  test(name, () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    writeFileSync(path, JSON.stringify(config));
    const variables: Readonly<Record<string, string>> = environment;
    const warn = (text: string): never => assert.fail(text);
    const variable = (wanted: string): string | undefined => variables[wanted];
    assert.deepEqual(proxyArguments({ configFile: path, variable, warn }), expected);
  });
}

test('a config that is not there has no proxies, one that is no JSON is refused', () => {
  using folder = tempFolder();
  const read = (configFile: string, warnings: string[] = []) =>
    proxyArguments({
      configFile,
      variable: () => undefined,
      warn: (text) => void warnings.push(text),
    });
  assert.deepEqual(read(folder.at('none.json')), {});
  writeFileSync(folder.at('bad.json'), '{"proxies"');
  assert.throws(() => read(folder.at('bad.json')), { code: 'JSON_INVALID' });
  const warnings: string[] = [];
  assert.deepEqual(read(folder.path, warnings), {});
  assert.deepEqual(warnings, [`WARNING: Error loading config file: ${folder.path}: EISDIR`]);
});
