import { BaseCommand } from '#cli/base-command.ts';
import { confirm } from '#cli/confirm.ts';
import { list, toggle } from '#cli/flags.ts';
import { parsePruneFilters } from '#cli/prune-filter.ts';
import { pruneLines } from '#cli/prune-report.ts';

export default class ImagePrune extends BaseCommand {
  static override readonly summary = 'Remove images without a tag, or all that are not in use';
  static override readonly usage = 'image prune [OPTIONS]';
  static override readonly flags = {
    all: toggle({ char: 'a', description: 'Remove all images not in use' }),
    'dry-run': toggle({ description: 'Only show what would be removed' }),
    filter: list({
      description: "Only what fits: 'until=24h', 'label=key=value', 'label!=key'",
      helpValue: 'filter',
    }),
    force: toggle({ char: 'f', description: 'Do not ask' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(ImagePrune);
    const { beforeMs, hasLabels } = parsePruneFilters(flags.filter, {
      nowMs: this.host.nowMs(),
      allowed: ['until', 'label'],
    });
    const which = flags.all
      ? 'all images without at least one container associated to them'
      : 'all dangling images';
    const warning = `WARNING! This will remove ${which}.\nAre you sure you want to continue?`;
    if (!flags.force && !flags['dry-run'] && !(await confirm(this.host, warning))) return;
    this.needForeignFiles(this.settings());
    const engine = await this.engine();
    const report = await engine.prune({
      images: {
        all: flags.all,
        ...(beforeMs === undefined ? {} : { createdBeforeMs: beforeMs }),
        ...(hasLabels ? { hasLabels } : {}),
      },
      dryRun: flags['dry-run'],
    });
    this.host.stdout.write(pruneLines(report, flags['dry-run']));
  }
}
