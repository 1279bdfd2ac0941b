import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { humanSize } from '#cli/format.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { Engine } from '#engine.ts';

export default class Rmi extends BaseCommand {
  static override readonly summary = 'Remove one or more images';
  static override readonly usage = 'rmi [OPTIONS] IMAGE [IMAGE...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    'dry-run': toggle({ description: 'Only tell what would go, and how much would be free' }),
    force: toggle({
      char: 'f',
      description: 'Remove the image with all its names; what is not there is no failure',
    }),
    'no-prune': toggle({
      description: 'Accepted; untagged parents do not exist here',
      hidden: true,
    }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Rmi);
    const { force } = flags;
    this.needForeignFiles(this.settings());
    const engine = await this.engine();
    if (flags['dry-run']) return await this.#plan(engine, args.image, force);
    let failures = 0;
    for (const image of args.image) {
      try {
        const removed = await engine.removeImage(image, { force });
        for (const { kind, name } of removed) {
          this.print(`${kind === 'untagged' ? 'Untagged' : 'Deleted'}: ${name}`);
        }
      } catch (error) {
        if (this.host.interrupts.signal.aborted) throw error;
        if (!force || !isSlipwayError(error, 'IMAGE_UNKNOWN')) failures++;
        this.report(error);
      }
    }
    return failures === 0 ? 0 : 1;
  }

  async #plan(engine: Engine, images: readonly string[], force: boolean): Promise<number> {
    const { names, imageIds, freedBytes } = await engine.planRemoval(images, { force });
    for (const name of names) this.print(`Would untag: ${name}`);
    for (const id of imageIds) this.print(`Would delete: ${id}`);
    this.print(`Total reclaimable space: ${humanSize(freedBytes)}`);
    return 0;
  }
}
