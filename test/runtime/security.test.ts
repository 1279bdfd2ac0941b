/** What the security options of a container become in its spec. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { securitySpec } from '#runtime/security.ts';

test('options become members; unconfined AppArmor is none', () => {
  assert.deepEqual(securitySpec({}), {});
  assert.deepEqual(
    securitySpec({ noNewPrivileges: true, seccomp: 'unconfined', systemPaths: 'unconfined' }),
    { noNewPrivileges: true, seccomp: 'unconfined', systemPaths: 'unconfined' },
  );
  assert.deepEqual(securitySpec({ apparmor: 'unconfined', noNewPrivileges: false }), {});
  assert.deepEqual(securitySpec({ apparmor: 'mine' }), { apparmor: 'mine' });
});

test('a profile is taken for this machine and docker’s capabilities', () => {
  const profile = JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      { names: ['a'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_CHOWN'] } },
      { names: ['b'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['c'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '999.0' } },
    ],
  });
  const { seccomp } = securitySpec({ seccomp: { profile, from: 'file' } });
  assert.ok(typeof seccomp === 'object');
  assert.deepEqual(seccomp.syscalls, [{ names: ['a'], action: 'SCMP_ACT_ALLOW' }]);
});
