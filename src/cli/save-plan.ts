/** What `save --dry-run` prints: a table for people, or JSON for programs. Pure. */
import type { ArchivePlanSummary, SavedImage } from '#core/archive-summary.ts';
import { shortId } from '#core/digest.ts';
import { familiarReference, parseReference } from '#core/reference.ts';
import { humanSize } from './format.ts';
import { formatTable } from './table.ts';

/** UNIQUE: what only this image needs; SHARED: what others of the archive need too. */
export function savePlanTable(plan: ArchivePlanSummary): string {
  const { images, leftOut } = plan;
  const hasLeft = leftOut.blobs > 0;
  const table = formatTable(
    ['IMAGE', 'PLATFORM', 'SIZE', 'UNIQUE', 'SHARED', ...(hasLeft ? ['LEFT OUT'] : [])],
    images.map((image) => [
      nameOf(image),
      image.platforms.join(',') || '-',
      humanSize(image.sizeBytes),
      humanSize(image.uniqueBytes),
      humanSize(image.sizeBytes - image.uniqueBytes),
      ...(hasLeft ? [humanSize(image.leftOutBytes)] : []),
    ]),
  );
  const left = hasLeft
    ? `Left out: ${humanSize(leftOut.bytes)} in ${leftOut.blobs} ${leftOut.blobs === 1 ? 'layer' : 'layers'} that the receiver has\n`
    : '';
  return `${table}\n${left}Archive: ${humanSize(plan.archiveBytes)} (${plan.archiveBytes} bytes)\n`;
}

export function savePlanJson(plan: ArchivePlanSummary): string {
  return `${JSON.stringify(plan, undefined, 2)}\n`;
}

/** Its names as people write them; what belongs to an image, by its digest. */
function nameOf({ names, digest, subject }: SavedImage): string {
  const familiar = names.map((name) => familiarReference(parseReference(name)));
  if (familiar.length > 0) return familiar.join(', ');
  return subject === undefined ? shortId(digest) : `${shortId(digest)} (about ${shortId(subject)})`;
}
