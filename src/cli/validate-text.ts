/** A line for each manifest that was looked at. Pure. */
import type { ImageCheck } from '#core/image-check.ts';
import { formatPlatform } from '#core/platform.ts';
import { humanSize } from './format.ts';
import { oneLine } from './one-line.ts';

export function checkLine(check: ImageCheck): string {
  const { digest, problem } = check;
  const what = [digest, kindOf(check), subjectOf(check)].filter(Boolean).join(' ');
  return oneLine(problem ? `  BAD  ${what}: ${problem.message}` : `  ok   ${what}${sizeOf(check)}`);
}

function kindOf({ kind, platform }: ImageCheck): string {
  if (kind === 'image') return platform ? formatPlatform(platform) : kind;
  return kind ?? (platform ? formatPlatform(platform) : '');
}

function subjectOf({ subject, digest }: ImageCheck): string {
  return subject === undefined || subject === digest ? '' : `of ${subject}`;
}

function sizeOf({ kind, layers, sizeBytes }: ImageCheck): string {
  if (kind === 'index') return '';
  return `, ${layers} ${layers === 1 ? 'layer' : 'layers'}, ${humanSize(sizeBytes)}`;
}
