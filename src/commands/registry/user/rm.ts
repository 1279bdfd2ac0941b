import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { removeUser, usersFile } from '#engine/registry-users.ts';

export default class RegistryUserRm extends BaseCommand {
  static override readonly summary = 'Remove users of the registry';
  static override readonly usage = 'registry user rm [OPTIONS] NAME [NAME...]';
  static override readonly args = {
    name: { description: 'A name', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    users: text({ description: 'The users file (default: in the store)', helpValue: 'file' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(RegistryUserRm);
    const path = usersFile(this.settings().engine.root, flags.users);
    for (const name of args.name ?? []) {
      await removeUser(path, name);
      this.print(name);
    }
  }
}
