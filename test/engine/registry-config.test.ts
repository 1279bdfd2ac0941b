/** The command line's way to the registry's configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_CONFIG } from '#core/registry-config.ts';
import { registryConfig } from '#engine/registry-config.ts';

test('a flag over a variable, everything else as usual', () => {
  const config = registryConfig({
    flags: { address: '127.0.0.1:1' },
    variable: (name) => (name === 'SLIPWAY_REGISTRY_ADDRESS' ? '127.0.0.1:2' : undefined),
  });
  assert.deepEqual(config, { ...DEFAULT_CONFIG, address: '127.0.0.1:1' });
});
