import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { listUsers, usersFile } from '#engine/registry-users.ts';

export default class RegistryUserLs extends BaseCommand {
  static override readonly summary = 'List the users of the registry';
  static override readonly usage = 'registry user ls [OPTIONS]';
  static override readonly flags = {
    users: text({ description: 'The users file (default: in the store)', helpValue: 'file' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(RegistryUserLs);
    const path = usersFile(this.settings().engine.root, flags.users);
    for (const name of listUsers(path)) this.print(name);
  }
}
