import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { SlipwayError } from '#core/errors.ts';

export default class HistoryRm extends BaseCommand {
  static override readonly summary = 'Remove builds from the history, with their logs';
  static override readonly usage = 'history rm [OPTIONS] [REF...]';
  static override readonly args = {
    ref: {
      description: 'Refs, or ^N for the Nth before the latest',
      required: false,
      multiple: true,
    },
  } as const;
  static override readonly flags = {
    all: toggle({ description: 'Remove all that have ended' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(HistoryRm);
    if (flags.all === args.ref.length > 0) throw refsOrAll();
    const engine = await this.engine();
    const refs = flags.all ? (await engine.builds()).map(({ ref }) => ref) : args.ref;
    for (const ref of await engine.removeBuilds(refs)) this.print(ref);
  }
}

function refsOrAll(): SlipwayError {
  return new SlipwayError('USAGE', 'rm requires refs, or --all', {
    hint: '"slipway history ls" shows refs',
  });
}
