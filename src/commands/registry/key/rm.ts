import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { keysFile, removeKey } from '#engine/registry-users.ts';

export default class RegistryKeyRm extends BaseCommand {
  static override readonly summary = 'Remove keys of the registry';
  static override readonly usage = 'registry key rm [OPTIONS] ID [ID...]';
  static override readonly args = {
    id: { description: 'The ID that `registry key ls` shows', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    keys: text({ description: 'The keys file (default: in the store)', helpValue: 'file' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(RegistryKeyRm);
    const path = keysFile(this.settings().engine.root, flags.keys);
    for (const id of args.id ?? []) {
      await removeKey(path, id);
      this.print(id);
    }
  }
}
