import { BaseCommand } from '#cli/base-command.ts';
import { transferText } from '#cli/registry-care.ts';

export default class RegistryExport extends BaseCommand {
  static override readonly summary =
    "Write what the registry holds as a storage folder of docker's registry";
  static override readonly usage = 'registry export FOLDER';
  static override readonly examples = ['slipway registry export /srv/registry'];
  static override readonly args = {
    folder: { description: 'Where to; what is there already stays', required: true },
  } as const;
  static override readonly flags = {};

  protected async run(): Promise<number> {
    const { args } = this.parse(RegistryExport);
    const keeping = await (await this.engine()).registryKeeping();
    const transfer = await keeping.exportTo(args.folder, {
      signal: this.host.interrupts.signal,
      onProblem: (what) => void this.host.stderr.write(`WARNING: ${what}\n`),
    });
    this.print(transferText(transfer, 'wrote'));
    return transfer.problems === 0 ? 0 : 1;
  }
}
