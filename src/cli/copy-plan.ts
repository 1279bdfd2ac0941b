/** What `copy --dry-run` prints: a table for people, or JSON for programs. Pure. */
import { shortId } from '#core/digest.ts';
import type { CopyPlan, PlannedCopy } from '#core/image-copy.ts';
import { humanSize } from './format.ts';
import { formatTable } from './table.ts';

export function copyPlanTable(plan: CopyPlan): string {
  const table = formatTable(
    ['SOURCE', 'DESTINATION', 'DIGEST', 'SIZE', 'MISSING', 'REFERRERS', 'TAGS'],
    plan.images.flatMap(rowsOf),
  );
  return `${table}\n${totalOf(plan)}`;
}

export function copyPlanJson(plan: CopyPlan): string {
  return `${JSON.stringify(plan, undefined, 2)}\n`;
}

/** A row a place; the sizes stand in the first. */
function rowsOf(image: PlannedCopy): readonly (readonly string[])[] {
  return image.to.map((to, i) =>
    i > 0
      ? ['', to, '', '', '', '', '']
      : [
          image.from,
          to,
          shortId(image.digest),
          humanSize(image.bytes),
          humanSize(image.missingBytes),
          String(image.referrers),
          tagState(image),
        ],
  );
}

function tagState({ changedTags, to }: PlannedCopy): string {
  if (changedTags.length === 0) return 'up to date';
  return changedTags.length === to.length ? 'to set' : `to set: ${changedTags.join(', ')}`;
}

function totalOf({ images, sendBytes, sendBlobs, archiveBytes }: CopyPlan): string {
  const mounted = images.reduce((sum, { mountableBytes }) => sum + mountableBytes, 0);
  const lines = [
    `To send: ${humanSize(sendBytes)} (${sendBytes} bytes) in ${sendBlobs} ${sendBlobs === 1 ? 'blob' : 'blobs'}`,
    ...(mounted > 0 ? [`Mounted within the registry, where it can: ${humanSize(mounted)}`] : []),
    ...(archiveBytes === undefined
      ? []
      : [`File: ${humanSize(archiveBytes)} (${archiveBytes} bytes)`]),
  ];
  return `${lines.join('\n')}\n`;
}
