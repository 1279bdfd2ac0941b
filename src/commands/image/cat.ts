import { BaseCommand } from '#cli/base-command.ts';

export default class ImageCat extends BaseCommand {
  static override readonly summary = 'Print files of an image';
  static override readonly usage = 'image cat IMAGE PATH [PATH...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true },
    path: {
      description: 'A file in the image; symlinks are followed',
      required: true,
      multiple: true,
    },
  } as const;

  protected async run(): Promise<number> {
    const { args } = this.parse(ImageCat);
    const { stdout, interrupts } = this.host;
    const engine = await this.engine();
    let failures = 0;
    for (const path of args.path) {
      try {
        await engine.readFile(args.image, path, { output: stdout, signal: interrupts.signal });
      } catch (error) {
        if (interrupts.signal.aborted || this.host.outputFailure()) throw error;
        failures++;
        this.report(error);
      }
    }
    return failures === 0 ? 0 : 1;
  }
}
