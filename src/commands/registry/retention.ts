import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { careConfig, configFlag, counted } from '#cli/registry-care.ts';

export default class RegistryRetention extends BaseCommand {
  static override readonly summary =
    'Remove tags and manifests that no rule of the configuration keeps';
  static override readonly usage = 'registry retention [OPTIONS]';
  static override readonly examples = [
    'slipway registry retention --config registry.yaml --dry-run',
  ];
  static override readonly flags = {
    config: configFlag,
    'dry-run': toggle({ description: 'Only say what would go, and why' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(RegistryRetention);
    const config = await careConfig(this.settings(), flags.config);
    if (config.retention.rules.length === 0) {
      this.host.stderr.write('note: there are no rules of retention: everything is kept\n');
      return;
    }
    const keeping = await (await this.engine()).registryKeeping();
    const options = { config, dryRun: flags['dry-run'], signal: this.host.interrupts.signal };
    let [tags, manifests] = [0, 0];
    for await (const { repository, tag, digest, why } of keeping.retention(options)) {
      if (tag === undefined) manifests += 1;
      else tags += 1;
      this.print(`${repository}${tag === undefined ? `@${digest}` : `:${tag}`}  ${why}`);
    }
    const verb = flags['dry-run'] ? 'Would remove' : 'Removed';
    const what = `${counted(tags, 'tag')} and ${counted(manifests, 'manifest')} without one`;
    this.print(`${verb} ${what}`);
  }
}
