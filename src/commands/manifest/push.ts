import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { INSECURE_FLAGS, insecureSetting } from '#cli/insecure-flag.ts';
import { formatReference } from '#core/reference.ts';

export default class ManifestPush extends BaseCommand {
  static override readonly summary = 'Push a local manifest list to its repository';
  static override readonly usage = 'manifest push [OPTIONS] MANIFEST_LIST';
  static override readonly args = {
    list: { description: 'A local manifest list', required: true },
  } as const;
  static override readonly flags = {
    purge: toggle({ char: 'p', description: 'Remove the local manifest list after push' }),
    ...INSECURE_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ManifestPush);
    this.settings(insecureSetting(flags));
    const engine = await this.engine();
    const { digest } = await engine.pushManifestList(args.list, {
      purge: flags.purge,
      signal: this.host.interrupts.signal,
      onPushed: ({ reference, manifest }) =>
        this.print(`Pushed ref ${formatReference(reference)} with digest: ${manifest.digest}`),
    });
    this.print(digest);
  }
}
