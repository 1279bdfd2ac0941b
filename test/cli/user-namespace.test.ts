/** Who begins again in a user namespace; that it works is shown by test/e2e/isolation-ladder.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from '#cli/settings.ts';
import { needsUserNamespace, type Standing } from '#cli/user-namespace.ts';

const ALL = (1n << 41n) - 1n;
const ROOT: Standing = { uid: 0, capabilities: ALL };
const NO_ADMIN: Standing = { uid: 0, capabilities: ALL & ~(1n << 21n) };
const USER: Standing = { uid: 1000, capabilities: 0n };

const CASES: readonly (readonly [string, Record<string, string>, Standing, boolean])[] = [
  ['root does not', {}, ROOT, false],
  ['a user does', {}, USER, true],
  ['root without CAP_SYS_ADMIN does', {}, NO_ADMIN, true],
  ['nobody does twice', { SLIPWAY_USER_NAMESPACE: 'ranges 0 ' }, USER, false],
  ['nobody tries twice', { SLIPWAY_USER_NAMESPACE: 'none 28 unshare' }, USER, false],
  ['root does when asked to', { SLIPWAY_ISOLATION: 'userns' }, ROOT, true],
  ['a user that wants namespaces alone does not', { SLIPWAY_ISOLATION: 'namespaces' }, USER, false],
  ['root that wants chroot does not', { SLIPWAY_ISOLATION: 'chroot' }, NO_ADMIN, false],
  ['a user needs a namespace for chroot, too', { SLIPWAY_ISOLATION: 'chroot' }, USER, true],
];

for (const [name, environment, standing, expected] of CASES) {
  test(name, () => {
    const settings = resolveSettings({ environment, isRoot: standing.uid === 0 });
    assert.equal(needsUserNamespace(settings, standing), expected);
  });
}
