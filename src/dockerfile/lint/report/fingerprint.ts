/**
 * A name for a finding that stays when lines above it come and go: made of the file, the rule, the
 * text of its line, and which of several alike it is.
 */
import { digestOf, encodedOf } from '#core/digest.ts';
import type { FileFindings, Placed } from './report.ts';

export function fingerprints(
  { file }: FileFindings,
  findings: readonly Placed[],
): readonly string[] {
  const lines = file.text.split('\n');
  const seen = new Map<string, number>();
  return findings.map(({ reported, place }) => {
    const line = (lines[place.start.line - 1] ?? '').trim();
    const identity = JSON.stringify([file.name, reported.rule.name, line]);
    const occurrence = seen.get(identity) ?? 0;
    seen.set(identity, occurrence + 1);
    return encodedOf(digestOf(`${identity}${occurrence}`));
  });
}
