import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { SlipwayError } from '#core/errors.ts';

export default class Export extends BaseCommand {
  static override readonly summary = 'Write the root file system of an image as a tar';
  static override readonly usage = 'export [OPTIONS] IMAGE';
  static override readonly args = {
    image: {
      description: "A name, a digest or an ID of an image (docker's export takes a container)",
      required: true,
    },
  } as const;
  static override readonly flags = {
    output: text({
      char: 'o',
      description: 'Write to a file, instead of stdout',
      helpValue: 'file',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Export);
    const { stdout, interrupts } = this.host;
    if (flags.output === undefined && stdout.isTTY === true) {
      throw new SlipwayError(
        'USAGE',
        'cowardly refusing to save to a terminal. Use the -o flag or redirect',
      );
    }
    const engine = await this.engine();
    await engine.export(args.image, flags.output ?? stdout, { signal: interrupts.signal });
  }
}
