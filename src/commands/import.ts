import { BaseCommand } from '#cli/base-command.ts';
import { list, text } from '#cli/flags.ts';
import { platformOption } from '#cli/platform-option.ts';
import { showNotes } from '#cli/show-notes.ts';
import { SlipwayError } from '#core/errors.ts';

export default class Import extends BaseCommand {
  static override readonly summary = 'Make an image from a tar of a root file system';
  static override readonly usage = 'import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]';
  static override readonly args = {
    source: {
      description: 'A tar, compressed or not: a file, a URL or - for stdin',
      required: true,
    },
    name: { description: 'What the image is called', required: false },
  } as const;
  static override readonly flags = {
    change: list({
      char: 'c',
      description: 'Apply a Dockerfile instruction to the config, such as \'CMD ["/bin/sh"]\'',
      helpValue: 'instruction',
    }),
    message: text({
      char: 'm',
      description: "The comment in the image's history",
      helpValue: 'text',
    }),
    platform: text({
      description: 'Platform of the files instead of the host’s, such as linux/arm64',
      helpValue: 'string',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Import);
    const { stdin, interrupts } = this.host;
    if (args.source === '-' && stdin.isTTY === true) {
      throw new SlipwayError('USAGE', 'requested import from stdin, but stdin is a terminal', {
        hint: 'redirect the tar: slipway import - NAME < root.tar',
      });
    }
    const { sourceDateEpoch } = this.settings();
    if (sourceDateEpoch === 'context') {
      throw new SlipwayError('USAGE', 'SOURCE_DATE_EPOCH=context is for builds', {
        hint: 'give seconds since 1970, or unset SOURCE_DATE_EPOCH',
      });
    }
    const engine = await this.engine();
    const { imageId } = await engine.import(args.source === '-' ? stdin : args.source, {
      changes: flags.change,
      events: showNotes(this.host),
      signal: interrupts.signal,
      ...(args.name === undefined ? {} : { name: args.name }),
      ...(flags.message === undefined ? {} : { message: flags.message }),
      ...platformOption(flags.platform),
      ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
    });
    this.print(imageId);
  }
}
