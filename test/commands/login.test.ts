/** login and logout: docker's words, and what the engine is asked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import type { RegistryLogin } from '#core/registry-login.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { type CommandOptions, type CommandOutcome, runCommand } from '#test/helpers/run-command.ts';

interface Told extends CommandOutcome {
  readonly asked: readonly RegistryLogin[];
}

/** `stored`: whom the registry takes the stored credentials for; absent: none are stored. */
async function login(
  argv: readonly string[],
  options: CommandOptions & { readonly stored?: string } = {},
): Promise<Told> {
  const asked: RegistryLogin[] = [];
  const engine = fakeEngine({
    login: async ({ registry, user }) => {
      const told = user ? { registry, user } : { registry };
      asked.push(told);
      if (user) return { user: user.name, stored: { place: '/c.json', isEncrypted: false } };
      if (options.stored !== undefined) return { user: options.stored };
      throw new SlipwayError('UNAUTHORIZED', 'none', { detail: { isStored: false } });
    },
  });
  return { ...(await runCommand(['login', ...argv], { engine, ...options })), asked };
}

const WARNED = `
WARNING! Your credentials are stored unencrypted in '/c.json'.
Configure a credential helper to remove this warning: docs/registries.md says how.

`;

describe('login', () => {
  it('with the password on stdin, without its newline', async () => {
    const told = await login(['r.example:5000', '-u', 'me', '--password-stdin'], {
      input: 's3 cret\n',
    });
    assert.deepEqual(told, {
      exitCode: 0,
      stdout: 'Login Succeeded\n',
      stderr: WARNED,
      asked: [{ registry: 'r.example:5000', user: { name: 'me', password: 's3 cret' } }],
    });
  });

  it('with the password for all to see: warned', async () => {
    const { stderr, asked } = await login(['-u', 'me', '-p', 's3cret']);
    assert.equal(
      stderr,
      `WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n${WARNED}`,
    );
    assert.equal(asked[0]?.registry, 'docker.io');
  });

  it('asks on a terminal, and does not show the password', async () => {
    const told = await login(['r.example'], { isTTY: true, input: 'me\ns3cret\n' });
    assert.deepEqual(told.asked, [
      { registry: 'r.example' },
      { registry: 'r.example', user: { name: 'me', password: 's3cret' } },
    ]);
    assert.match(told.stdout, /^Username: /);
    assert.match(told.stdout, /Password: \nLogin Succeeded\n$/);
    assert.ok(!`${told.stdout}${told.stderr}`.includes('s3cret'));
  });

  it('who is logged in already is not asked', async () => {
    const { stdout, exitCode } = await login(['r.example'], { stored: 'me' });
    assert.equal(exitCode, 0);
    assert.match(stdout, /^Authenticating with existing credentials\.\.\. \[Username: me\]\n/);
    assert.match(stdout, /\nLogin Succeeded\n$/);
  });

  const REFUSED: readonly (readonly [name: string, argv: readonly string[], words: string])[] = [
    [
      'no terminal',
      ['r.example'],
      'Error: Cannot perform an interactive login from a non TTY device',
    ],
    [
      'no terminal for the password',
      ['r.example', '-u', 'me'],
      'Error: Cannot perform an interactive login from a non TTY device',
    ],
    [
      'both kinds of password',
      ['-u', 'me', '-p', 'x', '--password-stdin'],
      'conflicting options: cannot specify both --password and --password-stdin',
    ],
    [
      'stdin without a user',
      ['--password-stdin'],
      'the --password-stdin option requires --username to be set',
    ],
    ['an empty password', ['-u', 'me', '--password-stdin'], 'password is empty'],
    ['what is no host', ['not/a host'], 'invalid registry "not/a host"'],
  ];
  for (const [name, argv, words] of REFUSED) {
    it(`refuses ${name}`, async () => {
      const { exitCode, stderr } = await login(argv, { input: '' });
      assert.equal(exitCode, 1);
      assert.ok(stderr.startsWith(words), stderr);
    });
  }
});

describe('logout', () => {
  const HOSTS: readonly (readonly [argv: readonly string[], registry: string])[] = [
    [[], 'docker.io'],
    [['https://index.docker.io/v1/'], 'docker.io'],
    [['https://r.example:5000/v2/'], 'r.example:5000'],
    [['localhost'], 'localhost'],
  ];
  for (const [argv, registry] of HOSTS) {
    it(`${argv[0] ?? 'without a server'} is ${registry}`, async () => {
      const engine = fakeEngine({ logout: async (told) => assert.equal(told, registry) });
      const { stdout } = await runCommand(['logout', ...argv], { engine });
      assert.equal(stdout, `Removing login credentials for ${registry}\n`);
    });
  }
});
