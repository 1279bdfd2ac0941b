import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { SlipwayError } from '#core/errors.ts';

export default class Save extends BaseCommand {
  static override readonly summary = 'Save one or more images to a tar archive';
  static override readonly usage = 'save [OPTIONS] IMAGE [IMAGE...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    output: text({
      char: 'o',
      description: 'Write to a file, instead of stdout',
      helpValue: 'file',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Save);
    const { stdout, interrupts } = this.host;
    if (flags.output === undefined && stdout.isTTY === true) {
      throw new SlipwayError(
        'USAGE',
        'cowardly refusing to save to a terminal. Use the -o flag or redirect',
      );
    }
    const engine = await this.engine();
    await engine.save(args.image, flags.output ?? stdout, { signal: interrupts.signal });
  }
}
