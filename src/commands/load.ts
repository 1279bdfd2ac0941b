import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { SlipwayError } from '#core/errors.ts';
import { familiarReference } from '#core/reference.ts';

export default class Load extends BaseCommand {
  static override readonly summary = 'Load images from a tar archive or OCI layout folder';
  static override readonly usage = 'load [OPTIONS]';
  static override readonly flags = {
    input: text({
      char: 'i',
      description: 'Read from a file, instead of stdin',
      helpValue: 'file',
    }),
    quiet: toggle({ char: 'q', description: 'Accepted; loading is quiet already' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(Load);
    const { stdin, interrupts } = this.host;
    if (flags.input === undefined && stdin.isTTY === true) {
      throw new SlipwayError('USAGE', 'requested load from stdin, but stdin is empty', {
        hint: 'name the archive with -i, or redirect it: slipway load < image.tar',
      });
    }
    const engine = await this.engine();
    const loaded = await engine.load(flags.input ?? stdin, { signal: interrupts.signal });
    for (const { imageId, names } of loaded) {
      for (const name of names) this.print(`Loaded image: ${familiarReference(name)}`);
      if (names.length === 0) this.print(`Loaded image ID: ${imageId}`);
    }
  }
}
