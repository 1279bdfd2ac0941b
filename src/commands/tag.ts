import { BaseCommand } from '#cli/base-command.ts';

export default class Tag extends BaseCommand {
  static override readonly summary = 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE';
  static override readonly usage = 'tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]';
  static override readonly args = {
    source: { description: 'Image to name: a name, a digest or an ID', required: true },
    target: { description: 'The new name', required: true },
  } as const;

  protected async run(): Promise<undefined> {
    const { args } = this.parse(Tag);
    const engine = await this.engine();
    await engine.tag(args.source, args.target);
  }
}
