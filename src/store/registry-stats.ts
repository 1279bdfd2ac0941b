/** Figures about what the registry holds (`registry stats`), from rows alone. */
import { digestIn, type Metadata, numberOf, textOf } from './metadata.ts';
import type { HeldTag } from './registry-records.ts';

export interface RegistryStats {
  readonly repositories: number;
  readonly tags: number;
  readonly manifests: number;
  /** Of blobs, each once. */
  readonly bytes: number;
  /** The same, each as often as a repository shows it. */
  readonly shownBytes: number;
  readonly uploads: number;
  readonly biggest: readonly { readonly repository: string; readonly bytes: number }[];
  /** Those not pulled for longest, never before all others. */
  readonly leastPulled: readonly (HeldTag & { readonly repository: string })[];
}

/** `top`: how many of the biggest and least pulled. */
export function registryStats(metadata: Metadata, top: number): RegistryStats {
  const count = (sql: string): number => numberOf(metadata.get(sql) ?? {}, 'count');
  return metadata.transaction(() => ({
    repositories: count(
      "SELECT count(DISTINCT repository) AS count FROM manifests WHERE space = 'registry'",
    ),
    tags: count("SELECT count(*) AS count FROM tags WHERE space = 'registry'"),
    manifests: count("SELECT count(*) AS count FROM manifests WHERE space = 'registry'"),
    bytes: count(
      "SELECT coalesce(sum(bytes), 0) AS count FROM registry_usage WHERE repository = ''",
    ),
    shownBytes: count(
      "SELECT coalesce(sum(bytes), 0) AS count FROM registry_usage WHERE repository <> ''",
    ),
    uploads: count('SELECT count(*) AS count FROM uploads'),
    biggest: metadata
      .all(
        `SELECT repository, bytes FROM registry_usage WHERE repository <> '' AND bytes > 0
         ORDER BY bytes DESC, repository LIMIT ?`,
        top,
      )
      .map((row) => ({ repository: textOf(row, 'repository'), bytes: numberOf(row, 'bytes') })),
    leastPulled: metadata
      .all(
        `SELECT repository, tag, digest, tags.put_at_ms, pulled_at_ms
         FROM tags JOIN manifests USING (space, repository, digest) WHERE space = 'registry'
         ORDER BY pulled_at_ms, tags.put_at_ms, repository, tag LIMIT ?`,
        top,
      )
      .map((row) => ({
        repository: textOf(row, 'repository'),
        tag: textOf(row, 'tag'),
        digest: digestIn(row, 'digest'),
        putAtMs: numberOf(row, 'put_at_ms'),
        pulledAtMs: numberOf(row, 'pulled_at_ms'),
      })),
  }));
}
