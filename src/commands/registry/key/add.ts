import { BaseCommand } from '#cli/base-command.ts';
import { parseExpiry } from '#cli/expiry.ts';
import { list, text } from '#cli/flags.ts';
import { SlipwayError } from '#core/errors.ts';
import { ACTIONS, type Action } from '#core/registry-config.ts';
import { addKey, keysFile } from '#engine/registry-users.ts';

const DEFAULT_ACTIONS: readonly Action[] = ['pull', 'push'];

export default class RegistryKeyAdd extends BaseCommand {
  static override readonly summary = 'Make a key with which a program signs in, and print it once';
  static override readonly usage = 'registry key add [OPTIONS] USER';
  static override readonly args = {
    user: { description: 'For whom the key stands', required: true },
  } as const;
  static override readonly flags = {
    actions: list({
      description: 'What it may be used for at most: pull, push, delete (default: pull,push)',
      helpValue: 'list',
    }),
    expires: text({
      description: 'When it ends: an age such as 720h, or a time',
      helpValue: 'time',
    }),
    note: text({ description: 'What it is for', helpValue: 'text' }),
    keys: text({ description: 'The keys file (default: in the store)', helpValue: 'file' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(RegistryKeyAdd);
    const nowMs = this.host.nowMs();
    const { expires, note } = flags;
    const key = await addKey(keysFile(this.settings().engine.root, flags.keys), {
      user: args.user,
      actions: actionsIn(flags.actions),
      ...(expires === undefined ? {} : { expiresAtMs: parseExpiry(expires, nowMs) }),
      ...(note === undefined ? {} : { note }),
    });
    this.print(key);
  }
}

function actionsIn(lists: readonly string[]): readonly Action[] {
  const words = lists.flatMap((text) => text.split(','));
  if (words.length === 0) return DEFAULT_ACTIONS;
  return words.map((word) => {
    const action = ACTIONS.find((candidate) => candidate === word);
    if (action) return action;
    throw new SlipwayError('USAGE', `invalid action ${JSON.stringify(word)}`, {
      hint: `an action is ${ACTIONS.join(', ')}`,
    });
  });
}
