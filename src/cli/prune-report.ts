/** What the prune commands print, in docker's lines. Pure. */
import type { PruneReport } from '#core/store-report.ts';
import { humanDuration, humanSize } from './format.ts';

/** docker's answer to `image prune` and `system prune`. `dryRun`: nothing has gone yet. */
export function pruneLines(report: PruneReport, dryRun: boolean): string {
  const done = (text: string): string => (dryRun ? `Would delete ${text}:` : `Deleted ${text}:`);
  const images = report.images.flatMap(({ imageId, untagged }) => [
    ...untagged.map((name) => `untagged: ${name}`),
    `deleted: ${imageId}`,
  ]);
  const cache = report.cache.map(({ id }) => idOf(id));
  const total = dryRun ? 'Total reclaimable space' : 'Total reclaimed space';
  return [
    ...(images.length > 0 ? [done(dryRun ? 'images' : 'Images'), ...images, ''] : []),
    ...(cache.length > 0 ? [done('build cache objects'), ...cache, ''] : []),
    `${total}: ${humanSize(report.freedBytes)}`,
    '',
  ].join('\n');
}

/** docker's answer to `builder prune`: a row for each entry, and the total. */
export function cacheTable({ cache, freedBytes }: PruneReport, nowMs: number): string {
  const rows = cache.map(({ id, sizeBytes, usedAtMs }) => {
    const ago = `${humanDuration((nowMs - usedAtMs) / 1000)} ago`;
    return `${idOf(id).padEnd(40)}\ttrue \t${humanSize(sizeBytes).padEnd(10)}\t${ago}\n`;
  });
  const header = rows.length > 0 ? 'ID\t\t\t\t\t\tRECLAIMABLE\tSIZE\t\tLAST ACCESSED\n' : '';
  return `${header}${rows.join('')}Total:\t${humanSize(freedBytes)}\n`;
}

/** An entry's ID as `system df -v` shows it, longer: enough for `slipway why`. */
function idOf(id: string): string {
  return id.replace(/^sha(?:256|512):/, '').slice(0, 25);
}
