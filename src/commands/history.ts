import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { historyRowKind, historyRows } from '#cli/history-rows.ts';
import { platformOption } from '#cli/platform-option.ts';
import { formatRows } from '#cli/rows.ts';

export default class History extends BaseCommand {
  static override readonly summary = 'Show the steps an image was made of, with their sizes';
  static override readonly usage = 'history [OPTIONS] IMAGE';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true },
  } as const;
  static override readonly flags = {
    format: text({
      description: "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    human: toggle({
      char: 'H',
      description: 'Print sizes and dates as people say them (default true)',
      default: true,
    }),
    'no-trunc': toggle({ description: 'Show IDs and steps in full' }),
    platform: text({
      description: 'History for this platform, such as linux/amd64',
      helpValue: 'string',
    }),
    quiet: toggle({ char: 'q', description: 'Show IDs only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(History);
    const platform = platformOption(flags.platform);
    const engine = await this.engine();
    const image = await engine.inspect(args.image, platform);
    const options = { human: flags.human, full: flags['no-trunc'], nowMs: this.host.nowMs() };
    const rows = historyRows(image, options);
    if (flags.quiet) for (const { ID } of rows) this.print(ID);
    else this.host.stdout.write(formatRows(rows, historyRowKind(options), flags.format));
  }
}
