import { BaseCommand } from '#cli/base-command.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { familiarReference } from '#core/reference.ts';

/** In what way the tag went, for those who run the registry. */
const WAYS = {
  tag: 'the registry deletes tags',
  'stand-in': 'the registry deletes no tags: a manifest of no worth took its place and was deleted',
} as const;

export default class TagRm extends BaseCommand {
  static override readonly summary = 'Remove tags in their registry, and keep what they name';
  static override readonly usage = 'tag rm [OPTIONS] NAME[:TAG] [NAME[:TAG]...]';
  static override readonly args = {
    name: { description: 'A tag in a registry', required: true, multiple: true },
  } as const;
  static override readonly examples = [
    'slipway tag rm localhost:5000/app:old',
    'slipway tag rm:latest app:1              # names an image called rm, as slipway tag does',
  ];
  static override readonly flags = { ...REGISTRY_FLAGS };

  protected async run(): Promise<number> {
    const { args } = this.parse(TagRm);
    const { signal } = this.host.interrupts;
    const engine = await this.engine();
    let exitCode = 0;
    for (const name of args.name) {
      try {
        const { reference, kept, way } = await engine.removeRemoteTag(name, { signal });
        this.print(`Untagged: ${familiarReference(reference)}`);
        this.print(`Kept: ${kept} (${WAYS[way]})`);
      } catch (error) {
        if (signal.aborted) throw error;
        this.report(error);
        exitCode = 1;
      }
    }
    return exitCode;
  }
}
