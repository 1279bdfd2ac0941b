import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';

export default class Rmi extends BaseCommand {
  static override readonly summary = 'Remove one or more images';
  static override readonly usage = 'rmi [OPTIONS] IMAGE [IMAGE...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    force: toggle({ char: 'f', description: 'Remove the image with all its names' }),
    'no-prune': toggle({
      description: 'Accepted; untagged parents do not exist here',
      hidden: true,
    }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Rmi);
    const engine = await this.engine();
    let failures = 0;
    for (const image of args.image) {
      try {
        const removed = await engine.removeImage(image, { force: flags.force });
        for (const { kind, name } of removed) {
          this.print(`${kind === 'untagged' ? 'Untagged' : 'Deleted'}: ${name}`);
        }
      } catch (error) {
        if (this.host.interrupts.signal.aborted) throw error;
        failures++;
        this.report(error);
      }
    }
    return failures === 0 ? 0 : 1;
  }
}
