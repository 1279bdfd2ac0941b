import { BaseCommand } from '#cli/base-command.ts';
import { transferText } from '#cli/registry-care.ts';

export default class RegistryImport extends BaseCommand {
  static override readonly summary = "Take over the storage folder of docker's registry";
  static override readonly usage = 'registry import FOLDER';
  static override readonly examples = ['slipway registry import /var/lib/registry'];
  static override readonly args = {
    folder: {
      description: 'The folder that its configuration calls rootdirectory',
      required: true,
    },
  } as const;
  static override readonly flags = {};

  protected async run(): Promise<number> {
    const { args } = this.parse(RegistryImport);
    const keeping = await (await this.engine()).registryKeeping();
    const transfer = await keeping.importFrom(args.folder, {
      signal: this.host.interrupts.signal,
      onProblem: (what) => void this.host.stderr.write(`WARNING: ${what}\n`),
    });
    this.print(transferText(transfer, 'took'));
    return transfer.problems === 0 ? 0 : 1;
  }
}
