import { BaseCommand } from '#cli/base-command.ts';
import { list, text } from '#cli/flags.ts';

export default class ManifestAnnotate extends BaseCommand {
  static override readonly summary = 'Say for which platform an image of a local manifest list is';
  static override readonly usage = 'manifest annotate [OPTIONS] MANIFEST_LIST MANIFEST';
  static override readonly args = {
    list: { description: 'A local manifest list', required: true },
    manifest: { description: 'An image of it, as it was named to create', required: true },
  } as const;
  static override readonly examples = [
    'slipway manifest annotate --arch arm --variant v7 host/app:1 host/app:1-arm',
  ];
  static override readonly flags = {
    arch: text({ description: 'Set architecture', helpValue: 'string' }),
    os: text({ description: 'Set operating system', helpValue: 'string' }),
    'os-features': list({ description: 'Add operating system features', helpValue: 'strings' }),
    'os-version': text({ description: 'Set operating system version', helpValue: 'string' }),
    variant: text({ description: 'Set architecture variant', helpValue: 'string' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ManifestAnnotate);
    const engine = await this.engine();
    await engine.annotateManifest(args.list, args.manifest, {
      ...(flags.os ? { os: flags.os } : {}),
      ...(flags.arch ? { architecture: flags.arch } : {}),
      ...(flags.variant ? { variant: flags.variant } : {}),
      ...(flags['os-version'] ? { osVersion: flags['os-version'] } : {}),
      osFeatures: flags['os-features'].flatMap((words) => words.split(',')).filter(Boolean),
    });
  }
}
