import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { whyText } from '#cli/why-text.ts';

export default class Why extends BaseCommand {
  static override readonly summary = 'Show who holds content of the local store';
  static override readonly usage = 'why [OPTIONS] DIGEST|IMAGE';
  static override readonly args = {
    digest: { description: 'A digest, the beginning of one, or an image name', required: true },
  } as const;
  static override readonly flags = {
    format: text({
      description: 'Format output: text or json',
      helpValue: 'string',
      options: ['text', 'json'],
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Why);
    const engine = await this.engine();
    const report = await engine.why(args.digest);
    if (flags.format === 'json') this.print(JSON.stringify(report, undefined, 4));
    else this.host.stdout.write(whyText(report, this.host.nowMs()));
  }
}
