import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { readSecret } from '#cli/read-secret.ts';
import { makePassword, setUser, usersFile } from '#engine/registry-users.ts';

export default class RegistryUserAdd extends BaseCommand {
  static override readonly summary = 'Add a user of the registry, or change a password';
  static override readonly usage = 'registry user add [OPTIONS] NAME';
  static override readonly args = {
    name: { description: 'The name', required: true },
  } as const;
  static override readonly flags = {
    'password-stdin': toggle({
      description: 'Take the password from stdin; otherwise one is made and printed once',
    }),
    users: text({ description: 'The users file (default: in the store)', helpValue: 'file' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(RegistryUserAdd);
    const { stdin, interrupts } = this.host;
    const isGiven = flags['password-stdin'];
    const password = isGiven ? await readSecret(stdin, interrupts.signal) : makePassword();
    const path = usersFile(this.settings().engine.root, flags.users);
    const isNew = await setUser(path, args.name, password);
    this.host.stderr.write(`${isNew ? 'Added' : 'Changed the password of'} ${args.name}\n`);
    if (!isGiven) this.print(password);
  }
}
