import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { humanSize } from '#cli/format.ts';
import { counted } from '#cli/registry-care.ts';

export default class RegistryCheck extends BaseCommand {
  static override readonly summary =
    'Read everything that the registry serves and compare it with its digests';
  static override readonly usage = 'registry check [OPTIONS]';
  static override readonly examples = ['slipway registry check', 'slipway registry check --repair'];
  static override readonly flags = {
    format: text({
      description: 'Format output: text or json',
      helpValue: 'string',
      options: ['text', 'json'],
    }),
    repair: toggle({
      description: 'Put damaged blobs into quarantine, so that they can be pushed again',
    }),
  };

  protected async run(): Promise<number> {
    const { flags } = this.parse(RegistryCheck);
    const keeping = await (await this.engine()).registryKeeping();
    const { signal } = this.host.interrupts;
    const report = await keeping.check({ repair: flags.repair, signal });
    if (flags.format === 'json') this.print(JSON.stringify(report, undefined, 4));
    else {
      for (const { digest, problem, found, repositories } of report.damaged) {
        const seen = found === undefined ? '' : ` (${found})`;
        this.print(`${problem}: blob ${digest}${seen}, in ${repositories.join(', ')}`);
      }
      const verdict =
        report.damaged.length === 0 ? 'no problems' : counted(report.damaged.length, 'problem');
      this.print(`Read ${counted(report.blobs, 'blob')} (${humanSize(report.bytes)}): ${verdict}`);
    }
    return report.damaged.length === 0 ? 0 : 1;
  }
}
