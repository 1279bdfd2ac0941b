/**
 * fsck of the database and of what lies about: rows that speak of nothing, files that nobody of ours
 * put there. Rows are judged in one transaction, so that no gc comes between a row and its blob.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { foreignFiles, namesIn } from './disk-files.ts';
import type { CheckedBlobs } from './fsck-blobs.ts';
import type { Finding, Fsck } from './fsck-finding.ts';
import { digestIn, type Metadata, textOf } from './metadata.ts';

/** A session's file and row are made one after the other, by a server that may just be at it. */
const UPLOAD_SETTLED_MS = 60 * 60 * 1000;

export function checkRows(fsck: Fsck, blobs: CheckedBlobs): readonly Finding[] {
  return fsck.metadata.transaction(() => [
    ...databaseFindings(fsck),
    ...aliasFindings(fsck.metadata),
    ...linkFindings(fsck),
    ...recordFindings(fsck, blobs),
    ...factFindings(fsck),
    ...uploadFindings(fsck),
    ...fileFindings(fsck),
  ]);
}

/** What SQLite itself finds. */
function databaseFindings({ metadata, paths, quick }: Fsck): readonly Finding[] {
  const rows = metadata.all(quick ? 'PRAGMA quick_check' : 'PRAGMA integrity_check');
  const damage = rows.flatMap((row) => Object.values(row)).filter((text) => text !== 'ok');
  const foreign = metadata.all('PRAGMA foreign_key_check');
  return [
    ...damage.slice(0, 10).map((text) => ({
      kind: 'database-damaged' as const,
      isError: true,
      what: `${paths.database} is damaged: ${text}`,
      consequence:
        'names may be lost: copy the store, move metadata.db away, then pull or load the images again',
    })),
    ...foreign.slice(0, 10).map((row) => ({
      kind: 'database-damaged' as const,
      isError: true,
      what: `${paths.database}: a row of ${textOf(row, 'table')} refers to nothing`,
      consequence: 'a name may point nowhere; remove it with "slipway rmi" or tag it again',
    })),
  ];
}

function aliasFindings(metadata: Metadata): readonly Finding[] {
  const rows = metadata.all(
    `SELECT repository, digest FROM aliases WHERE NOT EXISTS (SELECT 1 FROM manifests
     WHERE space = 'images' AND repository = aliases.repository AND digest = aliases.target)`,
  );
  return rows.map((row) => {
    const [repository, digest] = [textOf(row, 'repository'), digestIn(row, 'digest')];
    return orphan(`digest ${digest} of ${repository} stands for an image that is not here`, () => {
      metadata.run('DELETE FROM aliases WHERE repository = ? AND digest = ?', repository, digest);
    });
  });
}

function linkFindings({ metadata, paths }: Fsck): readonly Finding[] {
  return metadata.all('SELECT repository, digest FROM links').flatMap((row) => {
    const [repository, digest] = [textOf(row, 'repository'), digestIn(row, 'digest')];
    if (existsSync(paths.blob(digest))) return [];
    return orphan(`registry repository ${repository} lists blob ${digest}, which is lost`, () => {
      metadata.run('DELETE FROM links WHERE repository = ? AND digest = ?', repository, digest);
    });
  });
}

function recordFindings({ metadata }: Fsck, blobs: CheckedBlobs): readonly Finding[] {
  const rows = metadata.all(
    'SELECT DISTINCT diff_id, description FROM records WHERE diff_id IS NOT NULL',
  );
  return rows.flatMap((row) => {
    const diffId = digestIn(row, 'diff_id');
    if (blobs.isGood(diffId)) return [];
    const what = `build cache of "${textOf(row, 'description')}" has lost its layer ${diffId}`;
    return orphan(what, () => {
      metadata.run('DELETE FROM records WHERE diff_id = ?', diffId);
    });
  });
}

function factFindings({ metadata, paths }: Fsck): readonly Finding[] {
  return metadata.all('SELECT diff_id, digest FROM compressed').flatMap((row) => {
    const [diffId, digest] = [digestIn(row, 'diff_id'), digestIn(row, 'digest')];
    if (existsSync(paths.blob(diffId)) || existsSync(paths.blob(digest))) return [];
    return orphan(`${digest} is noted as a form of layer ${diffId}; neither is here`, () => {
      metadata.run('DELETE FROM compressed WHERE diff_id = ? AND digest = ?', diffId, digest);
    });
  });
}

function uploadFindings({ metadata, paths }: Fsck): readonly Finding[] {
  const before = Date.now() - UPLOAD_SETTLED_MS;
  const rows = metadata.all('SELECT id, repository FROM uploads WHERE touched_at_ms < ?', before);
  return rows.flatMap((row) => {
    const id = textOf(row, 'id');
    if (existsSync(paths.upload(id))) return [];
    return orphan(`upload ${id} of ${textOf(row, 'repository')} has lost its file`, () => {
      metadata.run('DELETE FROM uploads WHERE id = ?', id);
    });
  });
}

function orphan(what: string, repair: () => void): Finding {
  return {
    kind: 'row-orphan',
    isError: true,
    what,
    consequence: 'no harm to images; a repair removes the row',
    repair,
  };
}

function fileFindings({ metadata, paths }: Fsck): readonly Finding[] {
  const known = new Set(metadata.all('SELECT id FROM uploads').map((row) => textOf(row, 'id')));
  const before = Date.now() - UPLOAD_SETTLED_MS;
  const uploads = namesIn(paths.uploads)
    .filter((id) => !known.has(id))
    .map((id) => join(paths.uploads, id))
    .filter((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? before) < before);
  const quarantined = namesIn(paths.quarantine).map((name) => join(paths.quarantine, name));
  return [
    ...foreignFiles(paths).map((path) =>
      left('file-foreign', `${path} is not a file of Slipway`, 'it is never touched'),
    ),
    ...uploads.map((path) =>
      left('file-left', `${path} belongs to no upload`, 'gc removes it after a week'),
    ),
    ...quarantined.map((path) =>
      left('file-left', `${path} was set aside by a repair`, 'remove it when you need it no more'),
    ),
  ];
}

function left(kind: 'file-foreign' | 'file-left', what: string, consequence: string): Finding {
  return { kind, isError: false, what, consequence };
}
