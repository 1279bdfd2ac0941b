/** `--secret` and `--ssh`. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { agentsIn, secretsIn } from '#cli/secret-option.ts';
import { isSlipwayError } from '#core/errors.ts';

const set: Record<string, string> = { TOKEN: 't', SSH_AUTH_SOCK: '/agent' };
const lookup = (name: string): string | undefined => set[name];

for (const [word, id, source] of [
  ['id=a,src=file', 'a', { kind: 'file', path: resolve('file') }],
  ['id=a,source=file,type=file', 'a', { kind: 'file', path: resolve('file') }],
  ['id=a,env=TOKEN', 'a', { kind: 'value', value: 't' }],
  ['type=env,id=TOKEN', 'TOKEN', { kind: 'value', value: 't' }],
  ['type=env,id=a,src=TOKEN', 'a', { kind: 'value', value: 't' }],
  ['id=TOKEN', 'TOKEN', { kind: 'value', value: 't' }],
  ['id=other', 'other', { kind: 'file', path: resolve('other') }],
  ['src=file', 'file', { kind: 'file', path: resolve('file') }],
] as const) {
  test(`--secret ${word}`, () => assert.deepEqual(secretsIn([word], lookup), { [id]: source }));
}

for (const [word, message] of [
  ['type=vault,id=a', /^unsupported secret type "vault"$/],
  ['type=file', /^missing secret id in "type=file"$/],
  ['id=a,env=NONE', /^environment variable NONE for a secret is not set$/],
  ['id=a,size=1', /^unknown attribute "size" of --secret$/],
] as const) {
  test(`--secret ${word} is refused`, () => {
    assert.throws(
      () => secretsIn([word], lookup),
      (error) => isSlipwayError(error, 'USAGE') && message.test(error.message),
    );
  });
}

test('--ssh: the default agent, and others by their sockets', () => {
  assert.deepEqual(agentsIn(['default', 'work=sock'], lookup), {
    default: '/agent',
    work: resolve('sock'),
  });
  assert.throws(() => agentsIn(['default'], () => undefined), /make sure SSH_AUTH_SOCK is set/);
});
