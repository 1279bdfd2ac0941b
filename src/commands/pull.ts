import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { platformOption } from '#cli/platform-option.ts';
import { pullAllTags } from '#cli/pull-all-tags.ts';
import { pullImage } from '#cli/pull-image.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';

export default class Pull extends BaseCommand {
  static override readonly summary = 'Download an image from a registry';
  static override readonly usage = 'pull [OPTIONS] NAME[:TAG|@DIGEST]';
  static override readonly args = {
    image: { description: 'The image; without a tag, latest', required: true },
  } as const;
  static override readonly flags = {
    'all-tags': toggle({ char: 'a', description: 'Every tag that the registry has of the name' }),
    platform: text({
      description: 'Image of this platform instead of the host’s, such as linux/arm64',
      helpValue: 'string',
    }),
    ...REGISTRY_FLAGS,
    quiet: toggle({ char: 'q', description: 'Print the name of the image only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Pull);
    const platform = platformOption(flags.platform);
    const pull = flags['all-tags'] ? pullAllTags : pullImage;
    await pull(args.image, {
      engine: await this.engine(),
      host: this.host,
      settings: this.settings(),
      stream: this.host.stdout,
      quiet: flags.quiet,
      ...platform,
    });
  }
}
