import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { inspectImages } from '#cli/inspect-images.ts';
import { platformOption } from '#cli/platform-option.ts';

export default class ImageInspect extends BaseCommand {
  static override readonly summary = 'Show all about one or more images, of one platform';
  static override readonly usage = 'image inspect [OPTIONS] IMAGE [IMAGE...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    format: text({
      char: 'f',
      description: "Format output: 'json' or a Go template",
      helpValue: 'string',
    }),
    platform: text({
      description: 'Inspect this platform of an image of several, such as linux/arm64',
      helpValue: 'string',
    }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(ImageInspect);
    const { text: output, failures } = await inspectImages({
      images: args.image,
      format: flags.format,
      ...platformOption(flags.platform),
      engine: () => this.engine(),
      report: (error) => this.report(error),
    });
    this.host.stdout.write(output);
    return failures === 0 ? 0 : 1;
  }
}
