/** `why`'s answer for people. Pure. */
import { shortId } from '#core/digest.ts';
import { familiarName, parseReference } from '#core/reference.ts';
import type { DigestHolder, DigestReport } from '#core/store-report.ts';
import { humanDuration, humanSize } from './format.ts';

const FILE_NAMES: Readonly<Record<string, string>> = {
  blob: 'blob',
  index: 'layer index',
  folder: 'unpacked layer',
  merged: 'merged image',
};

export function whyText(report: DigestReport, nowMs: number): string {
  const files = report.files.map(
    ({ kind, bytes }) => `  ${FILE_NAMES[kind] ?? kind}, ${humanSize(bytes)}`,
  );
  const mentions = report.mentions.map(({ kind, digest, repository, artifactType }) =>
    kind === 'referrer'
      ? `  ${shortId(digest)} in ${repository} refers to it${artifactType ? ` (${artifactType})` : ''}`
      : `  another digest of ${shortId(digest)} in ${nameOf(repository)}`,
  );
  return [
    report.digest,
    ...(files.length > 0 ? files : ['  not here; it is only named']),
    ...(report.holders.length > 0 ? ['held by:'] : []),
    ...report.holders.map((holder) => `  ${holderText(holder, nowMs)}`),
    ...(mentions.length > 0 ? ['pointed at, not held, by:'] : []),
    ...mentions,
    ...(report.holders.length > 0 ? [] : [ending(report)]),
    '',
  ].join('\n');
}

function ending({ isGarbage, freedByGc, keptDays, files }: DigestReport): string {
  if (isGarbage) return `nothing holds it: the next gc frees ${humanSize(freedByGc)}`;
  if (keptDays !== undefined)
    return `nothing holds it: gc removes it ${keptDays} days after its last use, prune at once`;
  return files.length === 0 ? 'nothing holds it' : 'held by nothing that has a name';
}

function holderText(holder: DigestHolder, nowMs: number): string {
  const as = holder.as
    ? `, which holds its ${holder.as.form} form ${shortId(holder.as.digest)}`
    : '';
  switch (holder.kind) {
    case 'name': {
      const { space, repository, tags, manifest, way } = holder;
      const place = space === 'registry' ? `registry ${repository}` : `image ${nameOf(repository)}`;
      const name =
        tags.length > 0 ? `${place}:${tags.join(', :')}` : `${place}@${shortId(manifest)}`;
      const steps = way.map(({ manifest: at, role }) => `${shortId(at)}, ${role}`);
      return `${[name, ...steps].join(' → ')}${as}`;
    }
    case 'lease': {
      const pid = holder.pid === undefined ? '' : `, pid ${holder.pid}`;
      const state = holder.isAlive ? '' : ' (not seen from here)';
      return `running command: ${holder.purpose}${pid}${state}${as}`;
    }
    case 'cache':
      return `build cache: ${holder.description}, used ${ago(nowMs - holder.usedAtMs)}${as}`;
    case 'link':
      return `registry ${holder.repository}: pushed without a manifest yet, kept ${humanDuration((holder.untilMs - nowMs) / 1000)}${as}`;
    case 'mount':
      return `mount at ${holder.mountPoint}, pid ${holder.pid}`;
    case 'loop':
      return `loop device ${holder.device}`;
  }
}

function nameOf(repository: string): string {
  return repository === '' ? '<none>' : familiarName(parseReference(repository));
}

function ago(ms: number): string {
  return `${humanDuration(Math.max(0, ms) / 1000).toLowerCase()} ago`;
}
