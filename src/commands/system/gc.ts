import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { humanSize } from '#cli/format.ts';

const KINDS: Readonly<Record<string, string>> = {
  blob: 'blobs',
  index: 'layer indexes',
  folder: 'unpacked layers',
  merged: 'merged images',
  upload: 'abandoned uploads',
};

export default class SystemGc extends BaseCommand {
  static override readonly summary = 'Remove what nothing needs';
  static override readonly usage = 'system gc [OPTIONS]';
  static override readonly flags = {
    'dry-run': toggle({ description: 'Only show what would be removed' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(SystemGc);
    this.needForeignFiles(this.settings());
    const engine = await this.engine();
    const { freed, freedBytes } = await engine.gc({ dryRun: flags['dry-run'] });
    for (const [kind, { count, bytes }] of Object.entries(freed)) {
      this.print(`${KINDS[kind] ?? kind}: ${count}, ${humanSize(bytes)}`);
    }
    const total = flags['dry-run'] ? 'Total reclaimable space' : 'Total reclaimed space';
    this.print(`${total}: ${humanSize(freedBytes)}`);
  }
}
