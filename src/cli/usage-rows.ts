/** The rows of `system df` and of its tables with `-v`, under docker's field names. Pure. */
import { shortId } from '#core/digest.ts';
import type { ImageSummary } from '#core/local-image.ts';
import { familiarName } from '#core/reference.ts';
import type { DiskUsage, UsageKind } from '#core/store-report.ts';
import { humanSize, timeSince, timestampText } from './format.ts';
import { cacheTypeOf } from './prune-report.ts';
import { type RowKind, rowOf } from './rows.ts';
import type { Struct } from './template/values.ts';

const NONE = '<none>';
/** docker shows sizes of images with three digits. */
const IMAGE_SIZE_DIGITS = 3;

export const USAGE_ROWS: RowKind = {
  subject: 'disk usage',
  headings: {
    Type: 'TYPE',
    TotalCount: 'TOTAL',
    Active: 'ACTIVE',
    Size: 'SIZE',
    Reclaimable: 'RECLAIMABLE',
  },
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
};

export const IMAGE_USAGE_ROWS: RowKind = {
  subject: 'image',
  headings: {
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    ID: 'IMAGE ID',
    CreatedSince: 'CREATED',
    Size: 'SIZE',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
    Containers: 'CONTAINERS',
  },
  columns: [
    'Repository',
    'Tag',
    'ID',
    'CreatedSince',
    'Size',
    'SharedSize',
    'UniqueSize',
    'Containers',
  ],
};

export const CACHE_USAGE_ROWS: RowKind = {
  subject: 'build cache entry',
  headings: {
    ID: 'CACHE ID',
    CacheType: 'CACHE TYPE',
    Size: 'SIZE',
    CreatedSince: 'CREATED',
    LastUsedSince: 'LAST USED',
    UsageCount: 'USAGE',
    Shared: 'SHARED',
  },
  columns: ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'],
};

const TYPES: readonly (readonly [kind: UsageKind, type: string, hasShare: boolean])[] = [
  ['images', 'Images', true],
  ['containers', 'Containers', true],
  ['volumes', 'Local Volumes', true],
  ['cache', 'Build Cache', false],
  ['registry', 'Registry', true],
  ['other', 'Other', true],
];

/** One row a kind, docker's first. */
export function usageRows({ rows }: DiskUsage): readonly Struct[] {
  return TYPES.map(([kind, type, hasShare]) => {
    const { total, active, sizeBytes, reclaimableBytes } = rows[kind];
    const share = Math.trunc((reclaimableBytes * 100) / sizeBytes);
    const percent = hasShare && sizeBytes > 0 ? ` (${share}%)` : '';
    return rowOf({
      Type: type,
      TotalCount: String(total),
      Active: String(active),
      Size: humanSize(sizeBytes),
      Reclaimable: `${humanSize(reclaimableBytes)}${percent}`,
    });
  });
}

/** One row a name, as `images` has them; sizes are what the files take on disk. */
export function imageUsageRows(
  usage: DiskUsage,
  images: readonly ImageSummary[],
  nowMs: number,
): readonly Struct[] {
  const sizes = new Map(usage.images.map((image) => [image.imageId, image]));
  return images.flatMap((image) => {
    const { sharedBytes = 0, uniqueBytes = 0, isActive = false } = sizes.get(image.imageId) ?? {};
    const names = image.tags.length > 0 ? image.tags : [undefined];
    return names.map((name) =>
      rowOf({
        Repository: name === undefined ? NONE : familiarName(name),
        Tag: name?.tag ?? NONE,
        ID: shortId(image.imageId),
        CreatedSince: timeSince(image.created, nowMs),
        CreatedAt: timestampText(image.created),
        Size: humanSize(sharedBytes + uniqueBytes, IMAGE_SIZE_DIGITS),
        SharedSize: humanSize(sharedBytes),
        UniqueSize: humanSize(uniqueBytes),
        Containers: isActive ? '1' : '0',
      }),
    );
  });
}

/** One row a layer that the build cache keeps. */
export function cacheUsageRows(usage: DiskUsage, nowMs: number): readonly Struct[] {
  return usage.cache.map((entry) => {
    const usedAt = new Date(entry.usedAtMs).toISOString();
    return rowOf({
      ID: entry.id.replace(/^sha(?:256|512):/, '').slice(0, 12),
      Parent: '',
      CacheType: cacheTypeOf(entry),
      Description: entry.description,
      InUse: String(entry.isActive),
      Shared: String(entry.isShared),
      Size: humanSize(entry.sizeBytes),
      CreatedSince: timeSince(entry.createdAt, nowMs),
      CreatedAt: timestampText(entry.createdAt),
      LastUsedSince: timeSince(usedAt, nowMs),
      LastUsedAt: timestampText(usedAt),
      UsageCount: String(entry.uses),
    });
  });
}
