/**
 * The store's fsck (`slipway system check`): blobs, images, what was derived from them, rows. What
 * names need is held first, so that nobody's gc takes it away during the check, and others may go on
 * working. A repair destroys nothing that cannot be made again: a damaged blob goes into quarantine.
 */
import type { CheckOptions, CheckReport, StoreProblem } from '#core/store-report.ts';
import { checkBlobs } from './fsck-blobs.ts';
import { checkDerived } from './fsck-derived.ts';
import type { Finding, Fsck } from './fsck-finding.ts';
import { checkImages } from './fsck-images.ts';
import { checkRows } from './fsck-rows.ts';
import { createLease, type Lease } from './leases.ts';
import { reachableDigests } from './reachable.ts';

export async function checkStore(
  store: Pick<Fsck, 'paths' | 'metadata' | 'layers'>,
  options: CheckOptions,
): Promise<CheckReport> {
  await using lease = createLease(store.metadata, { purpose: 'system check' });
  holdReachable(store, lease);
  const fsck: Fsck = { ...store, ...options, lease };
  const blobs = await checkBlobs(fsck);
  const images = await checkImages(fsck, blobs);
  const derived = await checkDerived(fsck, blobs);
  const findings = [
    ...blobs.findings,
    ...images.findings,
    ...derived.findings,
    ...checkRows(fsck, blobs),
  ];
  const problems: StoreProblem[] = [];
  for (const finding of findings) problems.push(await settle(finding, options.repair ?? false));
  return {
    problems,
    blobs: blobs.sizes.size,
    bytes: [...blobs.sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
    layers: derived.count,
    images: images.count,
    isQuick: options.quick ?? false,
  };
}

/** One transaction: gc comes before it or after it. */
function holdReachable({ paths, metadata }: Pick<Fsck, 'paths' | 'metadata'>, lease: Lease): void {
  metadata.transaction(() => {
    for (const digest of reachableDigests(paths, metadata)) lease.hold(digest);
  });
}

async function settle({ repair, ...problem }: Finding, wanted: boolean): Promise<StoreProblem> {
  if (!repair) return { ...problem, state: 'left' };
  if (!wanted) return { ...problem, state: 'repairable' };
  await repair();
  return { ...problem, state: 'repaired' };
}
