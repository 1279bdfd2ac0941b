/** The exact line for each way in which a machine forbids user namespaces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSwitches, type Switches, userNamespaceRemedy } from '#runtime/remedies.ts';

const OPEN: Switches = {
  maxUserNamespaces: 1000,
  unprivilegedClone: undefined,
  apparmorRestricts: undefined,
};
const [EPERM, ENOSPC] = [1, 28];

test('the line is for the switch that is set', () => {
  const remedy = (errno: number, switches: Partial<Switches>): string =>
    userNamespaceRemedy(errno, { ...OPEN, ...switches });
  assert.match(remedy(ENOSPC, {}), /sysctl -w user\.max_user_namespaces=\d+$/);
  assert.match(remedy(EPERM, { maxUserNamespaces: 0 }), /max_user_namespaces/);
  assert.match(remedy(EPERM, { unprivilegedClone: 0 }), /kernel\.unprivileged_userns_clone=1$/);
  assert.match(
    remedy(EPERM, { apparmorRestricts: 1 }),
    /kernel\.apparmor_restrict_unprivileged_userns=0$/,
  );
  assert.match(remedy(EPERM, {}), /--security-opt seccomp=unconfined/);
});

test('the switches of this machine are read', () => {
  const { maxUserNamespaces } = readSwitches();
  assert.ok(maxUserNamespaces === undefined || maxUserNamespaces >= 0);
});
