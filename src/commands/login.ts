import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { ask, askSecret, needTerminal, readPassword } from '#cli/prompt.ts';
import { registryArgument } from '#cli/registry-argument.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { LoginResult } from '#core/registry-login.ts';

export default class Login extends BaseCommand {
  static override readonly summary = 'Log in to a registry';
  static override readonly usage = 'login [OPTIONS] [SERVER]';
  static override readonly args = {
    server: { description: 'host[:port]; Docker Hub without', required: false },
  } as const;
  static override readonly flags = {
    password: text({
      char: 'p',
      description: 'Password or access token; others can see it in the list of processes',
      helpValue: 'string',
    }),
    'password-stdin': toggle({ description: 'Read the password or access token from stdin' }),
    username: text({ char: 'u', description: 'User name', helpValue: 'string' }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Login);
    const registry = registryArgument(args.server);
    refuseConflicts(flags);
    if (flags.password !== undefined) {
      const warning = 'WARNING! Using --password via the CLI is insecure. Use --password-stdin.';
      this.host.stderr.write(`${warning}\n`);
    }
    const isSaid = flags.username !== undefined || flags.password !== undefined;
    if (!isSaid && (await this.#withStored(registry))) return;
    const name = flags.username ?? (await this.#askName());
    const password = flags['password-stdin']
      ? await readPassword(this.host)
      : (flags.password ?? (await this.#askPassword()));
    if (password === '') throw new SlipwayError('USAGE', 'password is empty');
    const { signal } = this.host.interrupts;
    const engine = await this.engine();
    this.#tellStored(await engine.login({ registry, user: { name, password }, signal }));
    this.print('Login Succeeded');
  }

  /** Whoever is logged in already need not say so again. */
  async #withStored(registry: string): Promise<boolean> {
    const { signal } = this.host.interrupts;
    try {
      const { user } = await (await this.engine()).login({ registry, signal });
      const who = user === undefined ? '' : ` [Username: ${user}]`;
      this.print(`Authenticating with existing credentials...${who}`);
      this.print("\nInfo: to log in as somebody else, run 'slipway logout' first\n");
      this.print('Login Succeeded');
      return true;
    } catch (error) {
      if (!isSlipwayError(error, 'UNAUTHORIZED')) throw error;
      if (error.detail.isStored !== false) {
        this.host.stderr.write(`Login did not succeed, error: ${error.message}\n`);
      }
      return false;
    }
  }

  async #askName(): Promise<string> {
    needTerminal(this.host);
    const name = await ask(this.host, 'Username: ');
    if (name === '') throw new SlipwayError('USAGE', 'username is required');
    return name;
  }

  async #askPassword(): Promise<string> {
    needTerminal(this.host);
    return await askSecret(this.host, 'Password: ');
  }

  #tellStored({ stored }: LoginResult): void {
    if (!stored || stored.isEncrypted) return;
    const lines = [
      '',
      `WARNING! Your credentials are stored unencrypted in '${stored.place}'.`,
      'Configure a credential helper to remove this warning: docs/registries.md says how.',
      '',
    ];
    this.host.stderr.write(`${lines.join('\n')}\n`);
  }
}

/** docker's words. */
function refuseConflicts(flags: {
  readonly password: string | undefined;
  readonly 'password-stdin': boolean;
  readonly username: string | undefined;
}): void {
  if (!flags['password-stdin']) return;
  if (flags.password !== undefined) {
    throw new SlipwayError(
      'USAGE',
      'conflicting options: cannot specify both --password and --password-stdin',
    );
  }
  if (flags.username === undefined || flags.username === '') {
    throw new SlipwayError('USAGE', 'the --password-stdin option requires --username to be set');
  }
}
