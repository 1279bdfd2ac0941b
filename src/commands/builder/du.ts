import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { cacheUsageBlocks, cacheUsageTable } from '#cli/prune-report.ts';
import { formatRows } from '#cli/rows.ts';
import { CACHE_USAGE_ROWS, cacheUsageRows } from '#cli/usage-rows.ts';

export default class BuilderDu extends BaseCommand {
  static override readonly summary = 'Show what the build cache takes';
  static override readonly usage = 'builder du [OPTIONS]';
  static override readonly flags = {
    format: text({
      description: "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    verbose: toggle({ char: 'v', description: 'Show all about each entry' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(BuilderDu);
    const settings = this.settings();
    this.needForeignFiles(settings);
    const engine = await this.engine();
    const usage = await engine.diskUsage();
    const nowMs = this.host.nowMs();
    if (flags.format !== undefined) {
      this.host.stdout.write(
        formatRows(cacheUsageRows(usage, nowMs), CACHE_USAGE_ROWS, flags.format),
      );
      return;
    }
    const shown = flags.verbose ? cacheUsageBlocks : cacheUsageTable;
    const { cacheMaxBytes } = settings.engine;
    this.host.stdout.write(
      shown(usage, { nowMs, ...(cacheMaxBytes === undefined ? {} : { cacheMaxBytes }) }),
    );
  }
}
