import { BaseCommand } from '#cli/base-command.ts';
import { confirm } from '#cli/confirm.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { parsePruneFilters } from '#cli/prune-filter.ts';
import { cacheTable } from '#cli/prune-report.ts';
import { parseByteSize } from '#core/byte-size.ts';
import type { CacheBounds } from '#core/store-report.ts';

export default class BuilderPrune extends BaseCommand {
  static override readonly summary = 'Remove build cache';
  static override readonly usage = 'builder prune [OPTIONS]';
  static override readonly flags = {
    all: toggle({ char: 'a', description: 'Remove all build cache, also what images use' }),
    'dry-run': toggle({ description: 'Only show what would be removed' }),
    filter: list({ description: "Only what fits: 'until=24h'", helpValue: 'filter' }),
    force: toggle({ char: 'f', description: 'Do not ask' }),
    'keep-storage': text({
      description: "docker's old name of --reserved-space",
      helpValue: 'bytes',
      hidden: true,
    }),
    'max-used-space': text({
      description: 'Keep this much, removing what was not used for longest',
      helpValue: 'bytes',
    }),
    'min-free-space': text({
      description: 'Remove until the disk has this much room',
      helpValue: 'bytes',
    }),
    'reserved-space': text({
      description: 'Keep this much whatever the others say',
      helpValue: 'bytes',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(BuilderPrune);
    const { beforeMs } = parsePruneFilters(flags.filter, {
      nowMs: this.host.nowMs(),
      allowed: ['until'],
    });
    const bounds = boundsIn(flags);
    const which = flags.all ? 'all build cache' : 'all dangling build cache';
    const warning = `WARNING! This will remove ${which}. Are you sure you want to continue?`;
    if (!flags.force && !flags['dry-run'] && !(await confirm(this.host, warning))) return;
    this.needForeignFiles(this.settings());
    const engine = await this.engine();
    const report = await engine.prune({
      cache: {
        all: flags.all,
        ...(beforeMs === undefined ? {} : { usedBeforeMs: beforeMs }),
        ...(bounds ? { bounds } : {}),
      },
      dryRun: flags['dry-run'],
    });
    this.host.stdout.write(cacheTable(report, this.host.nowMs()));
  }
}

/** Undefined: all may go. @throws USAGE */
function boundsIn(flags: {
  readonly 'keep-storage': string | undefined;
  readonly 'max-used-space': string | undefined;
  readonly 'min-free-space': string | undefined;
  readonly 'reserved-space': string | undefined;
}): CacheBounds | undefined {
  const sizeIn = (flag: keyof typeof flags): number | undefined => {
    const text = flags[flag];
    return text === undefined ? undefined : parseByteSize(text, { flag: `--${flag}` });
  };
  const maxUsedBytes = sizeIn('max-used-space');
  const minFreeBytes = sizeIn('min-free-space');
  const reservedBytes = sizeIn('reserved-space') ?? sizeIn('keep-storage');
  if ([maxUsedBytes, minFreeBytes, reservedBytes].every((one) => one === undefined))
    return undefined;
  return {
    ...(maxUsedBytes === undefined ? {} : { maxUsedBytes }),
    ...(minFreeBytes === undefined ? {} : { minFreeBytes }),
    ...(reservedBytes === undefined ? {} : { reservedBytes }),
  };
}
