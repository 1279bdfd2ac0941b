import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { humanSize } from '#cli/format.ts';
import { careConfig, configFlag, counted } from '#cli/registry-care.ts';

export default class RegistryGc extends BaseCommand {
  static override readonly summary =
    'Remove blobs that no manifest needs, and abandoned uploads, while a server runs';
  static override readonly usage = 'registry gc [OPTIONS]';
  static override readonly examples = [
    'slipway registry gc --dry-run',
    'slipway registry gc --config registry.yaml',
  ];
  static override readonly flags = {
    config: configFlag,
    'dry-run': toggle({ description: 'Only say what would be removed' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(RegistryGc);
    const config = await careConfig(this.settings(), flags.config);
    this.needForeignFiles(this.settings());
    const keeping = await (await this.engine()).registryKeeping();
    const { signal } = this.host.interrupts;
    const { freed, freedBytes } = await keeping.gc({ config, dryRun: flags['dry-run'], signal });
    const of = (kind: string) => freed[kind] ?? { count: 0, bytes: 0 };
    const [blobs, uploads] = [of('blob'), of('upload')];
    const parts = [
      `${counted(blobs.count, 'blob')} (${humanSize(blobs.bytes)})`,
      `${counted(uploads.count, 'abandoned upload')} (${humanSize(uploads.bytes)})`,
    ];
    const rest = freedBytes - blobs.bytes - uploads.bytes;
    if (rest > 0) parts.push(`of builds and images ${humanSize(rest)}`);
    this.print(`${flags['dry-run'] ? 'Would remove' : 'Removed'} ${parts.join(', ')}`);
    const total = flags['dry-run'] ? 'Total reclaimable space' : 'Total reclaimed space';
    this.print(`${total}: ${humanSize(freedBytes)}`);
  }
}
