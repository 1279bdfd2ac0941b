import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { platformOption } from '#cli/platform-option.ts';
import { pullImage } from '#cli/pull-image.ts';

export default class Pull extends BaseCommand {
  static override readonly summary = 'Download an image from a registry';
  static override readonly usage = 'pull [OPTIONS] NAME[:TAG|@DIGEST]';
  static override readonly args = {
    image: { description: 'The image; without a tag, latest', required: true },
  } as const;
  static override readonly flags = {
    platform: text({
      description: 'Image of this platform instead of the host’s, such as linux/arm64',
      helpValue: 'string',
    }),
    quiet: toggle({ char: 'q', description: 'Print the name of the image only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Pull);
    const platform = platformOption(flags.platform);
    await pullImage(args.image, {
      engine: await this.engine(),
      host: this.host,
      settings: this.settings(),
      stream: this.host.stdout,
      quiet: flags.quiet,
      ...platform,
    });
  }
}
