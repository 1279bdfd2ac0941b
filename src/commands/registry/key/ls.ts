import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { formatRows, type RowKind } from '#cli/rows.ts';
import { keysFile, listKeys } from '#engine/registry-users.ts';

const KEY_ROWS: RowKind = {
  subject: 'key',
  headings: {
    ID: 'KEY ID',
    User: 'USER',
    Actions: 'ACTIONS',
    Expires: 'EXPIRES',
    Note: 'NOTE',
  },
  columns: ['ID', 'User', 'Actions', 'Expires', 'Note'],
};

export default class RegistryKeyLs extends BaseCommand {
  static override readonly summary = 'List the keys of the registry';
  static override readonly usage = 'registry key ls [OPTIONS]';
  static override readonly flags = {
    format: text({
      description: "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    keys: text({ description: 'The keys file (default: in the store)', helpValue: 'file' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(RegistryKeyLs);
    const rows = listKeys(keysFile(this.settings().engine.root, flags.keys)).map((key) => ({
      ID: key.id,
      User: key.user,
      Actions: key.actions.join(','),
      Expires: key.expiresAtMs === undefined ? 'never' : new Date(key.expiresAtMs).toISOString(),
      Note: key.note ?? '',
    }));
    this.host.stdout.write(formatRows(rows, KEY_ROWS, flags.format));
  }
}
