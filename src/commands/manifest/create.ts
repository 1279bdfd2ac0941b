import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { INSECURE_FLAGS, insecureSetting } from '#cli/insecure-flag.ts';
import { formatReference } from '#core/reference.ts';

export default class ManifestCreate extends BaseCommand {
  static override readonly summary =
    'Create a local manifest list of images in registries, for annotating and pushing';
  static override readonly usage = 'manifest create [OPTIONS] MANIFEST_LIST MANIFEST [MANIFEST...]';
  static override readonly args = {
    list: { description: 'What the list is to be called in its registry', required: true },
    manifest: { description: 'An image in a registry', required: true, multiple: true },
  } as const;
  static override readonly examples = [
    'slipway manifest create host/app:1 host/app:1-amd64 host/app:1-arm64',
    'slipway manifest annotate --variant v8 host/app:1 host/app:1-arm64',
    'slipway manifest push host/app:1',
  ];
  static override readonly flags = {
    amend: toggle({ char: 'a', description: 'Amend an existing manifest list' }),
    ...INSECURE_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ManifestCreate);
    this.settings(insecureSetting(flags));
    const { signal } = this.host.interrupts;
    const engine = await this.engine();
    const options = { amend: flags.amend, signal };
    const list = await engine.createManifestList(args.list, args.manifest, options);
    this.print(`Created manifest list ${formatReference(list)}`);
  }
}
