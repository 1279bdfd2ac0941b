/** The words of --allow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedIn } from '#cli/allow-option.ts';

test("docker's names are taken, any other is refused with what there is", () => {
  assert.deepEqual(allowedIn(['security.insecure', 'network.host']), [
    'security.insecure',
    'network.host',
  ]);
  assert.throws(() => allowedIn(['device']), {
    code: 'USAGE',
    message: 'unknown entitlement device',
    hint: '--allow takes network.host or security.insecure',
  });
});
