import { BaseCommand } from '#cli/base-command.ts';
import { parseBuildFilters } from '#cli/build-filters.ts';
import { BUILD_ROWS, buildRows } from '#cli/build-rows.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { formatRows } from '#cli/rows.ts';

export default class HistoryLs extends BaseCommand {
  static override readonly summary = 'List builds, the latest first';
  static override readonly usage = 'history ls [OPTIONS]';
  static override readonly flags = {
    filter: list({
      description: "Only what fits: 'status=error', 'duration>30s', 'startedAt>24h'",
      helpValue: 'filter',
    }),
    format: text({
      description: "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    'no-trunc': toggle({ description: 'Show names in full' }),
    quiet: toggle({ char: 'q', description: 'Show refs only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(HistoryLs);
    const nowMs = this.host.nowMs();
    const fits = parseBuildFilters(flags.filter, nowMs);
    const engine = await this.engine();
    const builds = (await engine.builds()).filter(fits);
    if (flags.quiet) {
      for (const { ref } of builds) this.print(ref);
      return;
    }
    const isTable = (flags.format ?? 'table').startsWith('table');
    const rows = buildRows(builds, { nowMs, full: flags['no-trunc'] || !isTable });
    this.host.stdout.write(formatRows(rows, BUILD_ROWS, flags.format));
  }
}
