import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { INSECURE_FLAGS, insecureSetting } from '#cli/insecure-flag.ts';
import { manifestText, verboseManifestText } from '#cli/manifest-json.ts';

export default class ManifestInspect extends BaseCommand {
  static override readonly summary = 'Display an image manifest, or manifest list';
  static override readonly usage = 'manifest inspect [OPTIONS] [MANIFEST_LIST] MANIFEST';
  static override readonly args = {
    first: { description: 'A local manifest list, when an image of it follows', required: true },
    second: { description: 'A local manifest list, or an image in a registry', required: false },
  } as const;
  static override readonly examples = [
    'slipway manifest inspect alpine                  # in its registry, unless a local list is so called',
    'slipway manifest inspect -v alpine               # its images, with their platforms',
    'slipway manifest inspect host/app:1 host/app:1-arm64   # an image of a local list',
  ];
  static override readonly flags = {
    verbose: toggle({
      char: 'v',
      description: 'Also show names, descriptors and platforms, and the images of a list',
    }),
    ...INSECURE_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ManifestInspect);
    const { verbose } = flags;
    this.settings(insecureSetting(flags));
    const { signal } = this.host.interrupts;
    const engine = await this.engine();
    const found = await engine.inspectManifest(args.second ?? args.first, {
      signal,
      withImages: verbose,
      ...(args.second === undefined ? {} : { list: args.first }),
    });
    this.host.stdout.write(verbose ? verboseManifestText(found) : manifestText(found));
  }
}
