import { BaseCommand } from '#cli/base-command.ts';
import { confirm } from '#cli/confirm.ts';
import { list, toggle } from '#cli/flags.ts';
import { parsePruneFilters } from '#cli/prune-filter.ts';
import { pruneLines } from '#cli/prune-report.ts';

export default class SystemPrune extends BaseCommand {
  static override readonly summary = 'Remove dangling images and unused build cache';
  static override readonly usage = 'system prune [OPTIONS]';
  static override readonly flags = {
    all: toggle({ char: 'a', description: 'Remove all images not in use, and all build cache' }),
    'dry-run': toggle({ description: 'Only show what would be removed' }),
    filter: list({
      description: "Only what fits: 'until=24h', 'label=key=value', 'label!=key'",
      helpValue: 'filter',
    }),
    force: toggle({ char: 'f', description: 'Do not ask' }),
    volumes: toggle({ description: 'Accepted; there are no volumes', hidden: true }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(SystemPrune);
    const { beforeMs, hasLabels } = parsePruneFilters(flags.filter, {
      nowMs: this.host.nowMs(),
      allowed: ['until', 'label'],
    });
    if (!flags.force && !flags['dry-run'] && !(await confirm(this.host, warning(flags)))) return;
    this.needForeignFiles(this.settings());
    const engine = await this.engine();
    const report = await engine.prune({
      images: {
        all: flags.all,
        ...(beforeMs === undefined ? {} : { createdBeforeMs: beforeMs }),
        ...(hasLabels ? { hasLabels } : {}),
      },
      // Cache has no labels: none of it fits.
      ...(hasLabels
        ? {}
        : {
            cache: {
              all: flags.all,
              ...(beforeMs === undefined ? {} : { usedBeforeMs: beforeMs }),
            },
          }),
      dryRun: flags['dry-run'],
    });
    this.host.stdout.write(pruneLines(report, flags['dry-run']));
  }
}

function warning({ all, filter }: { readonly all: boolean; readonly filter: readonly string[] }) {
  const lines = all
    ? ['all images without at least one container associated to them', 'all build cache']
    : ['all dangling images', 'unused build cache'];
  const filtered =
    filter.length === 0
      ? []
      : [
          '',
          '  Items to be pruned will be filtered with:',
          ...filter.toSorted().map((text) => `  - ${text}`),
        ];
  return [
    'WARNING! This will remove:',
    ...lines.map((line) => `  - ${line}`),
    ...filtered,
    '',
    'Are you sure you want to continue?',
  ].join('\n');
}
