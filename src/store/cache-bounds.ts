/** How much of the build cache may stay: BuildKit's three bounds, and what they make together. Pure. */
import type { CacheBounds } from '#core/store-report.ts';

/**
 * Bytes that may stay. What must be free makes it less, what is reserved never. A reserve alone is what is
 * kept; infinite: nothing has to go.
 */
export function bytesToKeep(
  { maxUsedBytes, reservedBytes = 0, minFreeBytes }: CacheBounds,
  { usedBytes, freeBytes }: { readonly usedBytes: number; readonly freeBytes: number },
): number {
  const isReserveAlone = maxUsedBytes === undefined && minFreeBytes === undefined;
  if (isReserveAlone) return reservedBytes;
  const lacking = Math.max(0, (minFreeBytes ?? 0) - freeBytes);
  const used = lacking > 0 ? usedBytes - lacking : Number.POSITIVE_INFINITY;
  return Math.max(reservedBytes, Math.min(maxUsedBytes ?? Number.POSITIVE_INFINITY, used));
}
