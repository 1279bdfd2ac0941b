/**
 * What manifests need, as rows (metadata-schema.ts, `refs`): written and deleted in the transaction of
 * the manifest's own row, so that whoever asks what keeps a blob reads no manifest. Nothing is counted
 * up or down: a blob is needed as long as there is a row, and rows cannot drift.
 */
import type { Digest } from '#core/digest.ts';
import { childrenOf, type Manifest } from '#core/manifest.ts';
import { digestIn, type Metadata, type Row, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { addReached, ManifestReader } from './reachable.ts';

export interface ManifestKey {
  readonly space: string;
  readonly repository: string;
  readonly digest: Digest;
}

/** All that a manifest leads to, itself left out; the images of an index are read where they are here. */
export function neededBy(paths: StorePaths, manifest: Manifest): ReadonlySet<Digest> {
  const needed = new Set<Digest>();
  addReached(new ManifestReader(paths), childrenOf(manifest), needed);
  return needed;
}

/** The manifest's row is there already. Indexes that had waited for it now need what it needs. */
export function recordRefs(
  metadata: Metadata,
  key: ManifestKey,
  needed: ReadonlySet<Digest>,
): void {
  const waiting = metadata
    .all('SELECT space, repository, digest FROM refs WHERE child = ?', key.digest)
    .map(keyIn);
  for (const holder of [key, ...waiting]) {
    for (const child of needed) addRef(metadata, child, holder);
  }
  forgetUnread(metadata, key);
}

/** For a manifest that another repository of the space has as well. */
export function copyRefs(metadata: Metadata, { space, repository, digest }: ManifestKey): void {
  metadata.run(
    `INSERT OR IGNORE INTO refs SELECT child, space, ?, digest FROM refs
     WHERE space = ? AND digest = ? AND repository <> ?`,
    repository,
    space,
    digest,
    repository,
  );
  metadata.run(
    `INSERT OR IGNORE INTO unread_manifests SELECT space, ?, digest FROM unread_manifests
     WHERE space = ? AND digest = ? AND repository <> ?`,
    repository,
    space,
    digest,
    repository,
  );
}

/** Reads what some manifests from before this table need; false when none is left. */
export function readUnread(paths: StorePaths, metadata: Metadata, count: number): boolean {
  return metadata.transaction(() => {
    const rows = metadata.all(
      `SELECT space, repository, digest, media_type FROM unread_manifests
       JOIN manifests USING (space, repository, digest) LIMIT ?`,
      count,
    );
    const reader = new ManifestReader(paths);
    for (const row of rows) {
      const key = keyIn(row);
      const needed = new Set<Digest>();
      addReached(reader, [{ ...key, mediaType: textOf(row, 'media_type') }], needed);
      needed.delete(key.digest);
      recordRefs(metadata, key, needed);
    }
    return rows.length > 0;
  });
}

function addRef(metadata: Metadata, child: Digest, { space, repository, digest }: ManifestKey) {
  metadata.run('INSERT OR IGNORE INTO refs VALUES (?, ?, ?, ?)', child, space, repository, digest);
}

function forgetUnread(metadata: Metadata, { space, repository, digest }: ManifestKey): void {
  metadata.run(
    'DELETE FROM unread_manifests WHERE space = ? AND repository = ? AND digest = ?',
    space,
    repository,
    digest,
  );
}

function keyIn(row: Row): ManifestKey {
  return {
    space: textOf(row, 'space'),
    repository: textOf(row, 'repository'),
    digest: digestIn(row, 'digest'),
  };
}
