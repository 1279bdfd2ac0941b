/**
 * What keeps one digest: the question of gc.ts, answered from indexes of the database without a look at
 * any other blob. reachable.ts has the same rules for the whole store at once, from the manifests' bytes.
 */
import type { Digest } from '#core/digest.ts';
import type { Metadata } from './metadata.ts';

/**
 * Roots hold every form of a layer: its tar and all compressed blobs of that. A blob that was looked for
 * or uploaded is a root for the grace period: the manifest that needs it may still come.
 */
const IS_NEEDED = `
WITH forms (digest) AS (
  SELECT ?1
  UNION SELECT diff_id FROM compressed WHERE digest = ?1
  UNION SELECT digest FROM compressed WHERE diff_id = ?1
  UNION SELECT other.digest FROM compressed AS mine JOIN compressed AS other USING (diff_id)
    WHERE mine.digest = ?1
)
SELECT 1 FROM forms WHERE
  EXISTS (SELECT 1 FROM refs WHERE child = forms.digest)
  OR EXISTS (SELECT 1 FROM manifests WHERE digest = forms.digest)
  OR EXISTS (SELECT 1 FROM holds WHERE digest = forms.digest)
  OR EXISTS (SELECT 1 FROM records WHERE diff_id = forms.digest)
  OR EXISTS (SELECT 1 FROM links WHERE digest = forms.digest AND linked_at_ms > ?2)
LIMIT 1`;

/** `freshAfterMs`: links made or renewed after that keep their blob. */
export function isNeeded(metadata: Metadata, digest: Digest, freshAfterMs: number): boolean {
  return metadata.get(IS_NEEDED, digest, freshAfterMs) !== undefined;
}

/**
 * A link that no manifest of its own repository needs and nobody has renewed for the grace period.
 * Parameters: the time before which a link is old.
 */
export const STALE_LINK = `linked_at_ms <= ? AND NOT EXISTS (
    SELECT 1 FROM refs WHERE child = links.digest AND space = 'registry'
      AND repository = links.repository)
  AND NOT EXISTS (
    SELECT 1 FROM manifests WHERE space = 'registry' AND repository = links.repository
      AND digest = links.digest)`;
