/** What the prune commands print, in docker's lines. Pure. */
import { formatByteSize } from '#core/byte-size.ts';
import type { CacheEntrySummary, DiskUsage, PruneReport } from '#core/store-report.ts';
import { humanDuration, humanSize, timestampText } from './format.ts';

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
  const rows = cache.map((entry) => cacheRow(entry, { isReclaimable: true, nowMs }));
  const header = rows.length > 0 ? CACHE_HEADER : '';
  return `${header}${rows.join('')}Total:\t${humanSize(freedBytes)}\n`;
}

const CACHE_HEADER = 'ID\t\t\t\t\t\tRECLAIMABLE\tSIZE\t\tLAST ACCESSED\n';

function cacheRow(
  { id, sizeBytes, usedAtMs }: CacheEntrySummary,
  { isReclaimable, nowMs }: { readonly isReclaimable: boolean; readonly nowMs: number },
): string {
  const size = humanSize(sizeBytes).padEnd(10);
  return `${idOf(id).padEnd(40)}\t${String(isReclaimable).padEnd(5)}\t${size}\t${agoText(usedAtMs, nowMs)}\n`;
}

export interface CacheUsageOptions {
  readonly nowMs: number;
  /** The cap that builds keep to, if there is one. */
  readonly cacheMaxBytes?: number;
}

/** `builder du`, as docker buildx shows it: the entries, then the sums. */
export function cacheUsageTable(usage: DiskUsage, options: CacheUsageOptions): string {
  const { nowMs } = options;
  const rows = usage.cache.map((entry) =>
    cacheRow(entry, { isReclaimable: !entry.isActive, nowMs }),
  );
  return `${CACHE_HEADER}${rows.join('')}${cacheSums(usage, options)}`;
}

/** The same with all about each entry. */
export function cacheUsageBlocks(usage: DiskUsage, options: CacheUsageOptions): string {
  const { nowMs } = options;
  const blocks = usage.cache.map((entry) => {
    const lines = [
      `ID:\t\t${entry.id}`,
      `Created at:\t${timestampText(entry.createdAt)}`,
      'Mutable:\tfalse',
      `Reclaimable:\t${!entry.isActive}`,
      `Shared:\t\t${entry.isShared}`,
      `Size:\t\t${humanSize(entry.sizeBytes)}`,
      `Description:\t${entry.description}`,
      `Usage count:\t${entry.uses}`,
      `Last used:\t${agoText(entry.usedAtMs, nowMs)}`,
      `Type:\t\t${cacheTypeOf(entry)}`,
    ];
    return `${lines.join('\n')}\n\n`;
  });
  return `${blocks.join('')}${cacheSums(usage, options)}`;
}

/** The total is the one of `system df`: merged images, which are no entries, count too. */
function cacheSums({ cache, rows }: DiskUsage, { cacheMaxBytes }: CacheUsageOptions): string {
  const { sizeBytes, reclaimableBytes } = rows.cache;
  const shared = cache.filter(({ isShared }) => isShared);
  return [
    `Shared:\t\t${humanSize(shared.reduce((sum, entry) => sum + entry.sizeBytes, 0))}`,
    `Private:\t${humanSize(sizeBytes)}`,
    `Reclaimable:\t${humanSize(reclaimableBytes)}`,
    `Total:\t\t${humanSize(sizeBytes)}`,
    ...(cacheMaxBytes === undefined ? [] : [capText(sizeBytes, cacheMaxBytes)]),
    '',
  ].join('\n');
}

/** The cap as it was said (its units are powers of 1024), and how much of it is taken. */
function capText(usedBytes: number, maxBytes: number): string {
  const percent = maxBytes === 0 ? 100 : Math.ceil((usedBytes / maxBytes) * 100);
  return `Cap:\t\t${formatByteSize(maxBytes)}, ${percent}% used`;
}

/** docker's word for what an entry is. */
export function cacheTypeOf({ isMount, isBuild }: CacheEntrySummary): string {
  if (isBuild === true) return 'build.record';
  return isMount === true ? 'exec.cachemount' : 'regular';
}

function agoText(usedAtMs: number, nowMs: number): string {
  return `${humanDuration((nowMs - usedAtMs) / 1000)} ago`;
}

/** An entry's ID as `system df -v` shows it, longer: enough for `slipway why`. */
function idOf(id: string): string {
  return id.replace(/^sha(?:256|512):/, '').slice(0, 25);
}
