/** A store's config.json. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings, type SettingsInput } from '#cli/settings.ts';
import { readStoreConfig, storeSettings } from '#cli/store-config.ts';
import { isSlipwayError } from '#core/errors.ts';

test('none says nothing', () => {
  assert.equal(readStoreConfig('/nowhere/config.json'), undefined);
  assert.deepEqual(storeSettings('/s/config.json', undefined), {});
  assert.deepEqual(storeSettings('/s/config.json', '{}'), {});
});

test('flag over variable over the store', () => {
  const asked: string[] = [];
  const input: SettingsInput = {
    isRoot: true,
    root: '/s',
    environment: {},
    storeConfig: (path) => {
      asked.push(path);
      return '{"cacheMax": "1k"}';
    },
  };
  const capOf = (given: Partial<SettingsInput>) => {
    const { engine, origins } = resolveSettings({ ...input, ...given });
    return [engine.cacheMaxBytes, origins['engine.cacheMaxBytes']];
  };
  const environment = { SLIPWAY_CACHE_MAX: '2k' };
  assert.deepEqual(capOf({}), [1024, '/s/config.json']);
  assert.deepEqual(capOf({ environment }), [2048, 'SLIPWAY_CACHE_MAX']);
  assert.deepEqual(capOf({ environment, 'cache-max': '3k' }), [3072, '--cache-max']);
  assert.deepEqual(capOf({ storeConfig: () => undefined }), [undefined, 'default']);
  assert.deepEqual([...new Set(asked)], ['/s/config.json']);
});

for (const [what, text, message] of [
  ['no JSON', 'cacheMax: 1g', /^\/s\/config\.json is not valid JSON$/],
  ['a number', '{"cacheMax": 1}', /\/cacheMax must be a string/],
  ['a setting nobody knows', '{"cachemax": "1g"}', /\/cachemax must be left out/],
] as const) {
  test(`refuses ${what}`, () =>
    assert.throws(
      () => storeSettings('/s/config.json', text),
      (error) => isSlipwayError(error, 'USAGE') && message.test(error.message),
    ));
}

test('refuses a size that is none, naming where it stands', () =>
  assert.throws(
    () =>
      resolveSettings({
        isRoot: true,
        root: '/s',
        environment: {},
        storeConfig: () => '{"cacheMax": "much"}',
      }),
    /invalid argument "much" for "\/s\/config\.json"/,
  ));
