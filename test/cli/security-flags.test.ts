/** --security-opt: docker's words, and what is none of them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import { securityOf } from '#cli/security-flags.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('each option, in both spellings; later ones win', () => {
  const cases: readonly [readonly string[], object | undefined][] = [
    [[], undefined],
    [['no-new-privileges'], { noNewPrivileges: true }],
    [['no-new-privileges:true'], { noNewPrivileges: true }],
    [['no-new-privileges', 'no-new-privileges=false'], { noNewPrivileges: false }],
    [['seccomp=unconfined'], { seccomp: 'unconfined' }],
    [['seccomp:unconfined'], { seccomp: 'unconfined' }],
    [['seccomp=builtin', 'label=disable'], {}],
    [['systempaths=unconfined'], { systemPaths: 'unconfined' }],
    [['apparmor=mine', 'seccomp=unconfined'], { apparmor: 'mine', seccomp: 'unconfined' }],
  ];
  for (const [options, expected] of cases) assert.deepEqual(securityOf(options), expected);
});

test('a profile is read from its file', () => {
  using folder = tempFolder();
  writeFileSync(folder.at('a=b.json'), '{}');
  assert.deepEqual(securityOf([`seccomp=${folder.at('a=b.json')}`]), {
    seccomp: { profile: '{}', from: folder.at('a=b.json') },
  });
  assert.throws(() => securityOf(['seccomp=/no/such.json']), {
    code: 'SECCOMP_PROFILE_INVALID',
    message: /^opening seccomp profile \(\/no\/such\.json\) failed: ENOENT/,
  });
});

test('unknown options are refused', () => {
  for (const option of [
    '',
    'x',
    'seccomp',
    'seccomp=',
    'systempaths=some',
    'label=type:x',
    'no-new-privileges=maybe',
  ]) {
    assert.throws(() => securityOf([option]), {
      code: 'USAGE',
      message: `invalid --security-opt: "${option}"`,
    });
  }
});
