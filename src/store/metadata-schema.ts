/**
 * The tables of metadata.db, one migration per entry; `user_version` is how many were applied. An
 * entry never changes after a release: add another one.
 *
 * Digests are `algorithm:hex` texts, times are milliseconds since 1970. `space` is 'images' (the
 * local image store) or 'registry' (what the registry server serves); `repository` is a repository
 * name, or '' for images without a name.
 */
const VERSION_1 = `
CREATE TABLE leases (
  id            TEXT PRIMARY KEY,
  purpose       TEXT NOT NULL,
  owner         TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE holds (
  lease  TEXT NOT NULL REFERENCES leases ON DELETE CASCADE,
  digest TEXT NOT NULL,
  PRIMARY KEY (lease, digest)
) STRICT, WITHOUT ROWID;

-- A manifest that can be had by digest from a repository, tagged or not. It stays until removed.
CREATE TABLE manifests (
  space      TEXT NOT NULL,
  repository TEXT NOT NULL,
  digest     TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size       INTEGER NOT NULL,
  put_at_ms  INTEGER NOT NULL,
  PRIMARY KEY (space, repository, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
  space      TEXT NOT NULL,
  repository TEXT NOT NULL,
  tag        TEXT NOT NULL,
  digest     TEXT NOT NULL,
  PRIMARY KEY (space, repository, tag),
  FOREIGN KEY (space, repository, digest) REFERENCES manifests ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_digest ON tags (space, repository, digest);

-- Other digests an image of the local store is known by: the index it was pulled from, the
-- compressed manifest it was pushed as.
CREATE TABLE aliases (
  repository TEXT NOT NULL,
  digest     TEXT NOT NULL,
  target     TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;

-- Which blobs a repository of the registry may show.
CREATE TABLE links (
  repository   TEXT NOT NULL,
  digest       TEXT NOT NULL,
  linked_at_ms INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;

-- The compressed forms of a plain tar.
CREATE TABLE compressed (
  diff_id    TEXT NOT NULL,
  codec      TEXT NOT NULL,
  digest     TEXT NOT NULL,
  size       INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  PRIMARY KEY (diff_id, codec)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
  key         TEXT PRIMARY KEY,
  diff_id     TEXT,
  created_at  TEXT NOT NULL,
  description TEXT NOT NULL,
  extra       TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
  id            TEXT PRIMARY KEY,
  repository    TEXT NOT NULL,
  algorithm     TEXT NOT NULL,
  touched_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

const VERSION_2 = `
-- Manifests that name another one as their subject, with what the referrers API shows of them.
CREATE TABLE referrers (
  space         TEXT NOT NULL,
  repository    TEXT NOT NULL,
  subject       TEXT NOT NULL,
  digest        TEXT NOT NULL,
  artifact_type TEXT,
  annotations   TEXT NOT NULL,
  PRIMARY KEY (space, repository, subject, digest),
  FOREIGN KEY (space, repository, digest) REFERENCES manifests ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX referrers_by_digest ON referrers (space, repository, digest);
`;

const VERSION_3 = `
-- When a record last gave its layer to a build, and how often. Nobody knows for records from before:
-- they count as used at the moment of this migration.
ALTER TABLE records ADD COLUMN used_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE records ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
UPDATE records SET used_at_ms = unixepoch() * 1000;
`;

const VERSION_4 = `
-- Folders of RUN --mount=type=cache (mount-caches.ts), and who uses one now.
CREATE TABLE mount_caches (
  id         TEXT NOT NULL,
  slot       INTEGER NOT NULL,
  used_at_ms INTEGER NOT NULL,
  uses       INTEGER NOT NULL,
  PRIMARY KEY (id, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE mount_users (
  token     TEXT PRIMARY KEY,
  id        TEXT NOT NULL,
  slot      INTEGER NOT NULL,
  owner     TEXT NOT NULL,
  exclusive INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

const VERSION_5 = `
-- What a cached step was made of, for those who ask why a later one missed. Records from before have none.
CREATE TABLE step_facts (
  key   TEXT PRIMARY KEY REFERENCES records ON DELETE CASCADE,
  place TEXT NOT NULL,
  facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX step_facts_by_place ON step_facts (place);
CREATE INDEX records_by_description ON records (description);
`;

const VERSION_6 = `
-- Blobs on their way from a registry, and who fetches them (arrival-lock.ts).
CREATE TABLE arrivals (
  digest TEXT PRIMARY KEY,
  token  TEXT NOT NULL,
  owner  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Plain tars with their indexes that the disk may not have yet, and the boot they were written in.
CREATE TABLE unsynced (
  digest TEXT PRIMARY KEY,
  boot   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Where blobs were seen: a push to the same registry need not send them.
CREATE TABLE blob_places (
  digest     TEXT NOT NULL,
  registry   TEXT NOT NULL,
  repository TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  PRIMARY KEY (digest, registry, repository)
) STRICT, WITHOUT ROWID;

-- Uploads to registries that may be gone on with.
CREATE TABLE sent_uploads (
  registry      TEXT NOT NULL,
  repository    TEXT NOT NULL,
  digest        TEXT NOT NULL,
  location      TEXT NOT NULL,
  touched_at_ms INTEGER NOT NULL,
  PRIMARY KEY (registry, repository, digest)
) STRICT, WITHOUT ROWID;
`;

const VERSION_7 = `
-- Which repositories of the registry show a blob: asked before a blob is mounted.
CREATE INDEX links_by_digest ON links (digest);
`;

const VERSION_8 = `
-- Builds: what they were asked for and what came of it (build-records.ts). Their logs are files.
CREATE TABLE builds (
  ref           TEXT PRIMARY KEY,
  owner         TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  -- NULL: it runs, or ended without a word.
  ended_at_ms   INTEGER,
  status        TEXT NOT NULL,
  log_bytes     INTEGER NOT NULL,
  -- The manifest of the image that holds the failed step's root, among the images without a name.
  failed_root   TEXT,
  document      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX builds_by_start ON builds (started_at_ms);
`;

const VERSION_9 = `
-- Layers that were looked through for a secret and do not hold it (guarded-layers.ts).
CREATE TABLE guarded_layers (
  diff_id TEXT NOT NULL,
  mark    TEXT NOT NULL,
  PRIMARY KEY (diff_id, mark)
) STRICT, WITHOUT ROWID;
`;

const VERSION_10 = `
-- What each manifest needs: its blobs, and of an index also those of its images (refs.ts). Written and
-- deleted with the manifest, so that gc can ask for one blob at a time what keeps it.
CREATE TABLE refs (
  child      TEXT NOT NULL,
  space      TEXT NOT NULL,
  repository TEXT NOT NULL,
  digest     TEXT NOT NULL,
  PRIMARY KEY (child, space, repository, digest),
  FOREIGN KEY (space, repository, digest) REFERENCES manifests ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX refs_by_manifest ON refs (digest, space, repository);

-- Manifests from before that table; gc reads what they need before it removes anything.
CREATE TABLE unread_manifests (
  space      TEXT NOT NULL,
  repository TEXT NOT NULL,
  digest     TEXT NOT NULL,
  PRIMARY KEY (space, repository, digest),
  FOREIGN KEY (space, repository, digest) REFERENCES manifests ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO unread_manifests SELECT space, repository, digest FROM manifests;

CREATE INDEX manifests_by_digest ON manifests (digest);
CREATE INDEX holds_by_digest ON holds (digest);
CREATE INDEX records_by_diff_id ON records (diff_id);
CREATE INDEX compressed_by_digest ON compressed (digest);

-- 0: not since this was written down.
ALTER TABLE manifests ADD COLUMN pulled_at_ms INTEGER NOT NULL DEFAULT 0;

-- When the tag was last pushed. Of tags from before only their manifest's time is known.
ALTER TABLE tags ADD COLUMN put_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE tags SET put_at_ms = (
  SELECT put_at_ms FROM manifests
  WHERE manifests.space = tags.space AND manifests.repository = tags.repository
    AND manifests.digest = tags.digest
);

-- Of the blob. NULL in rows from before, until gc has looked; alike in all rows of a digest.
ALTER TABLE links ADD COLUMN size INTEGER;

-- Bytes of the blobs that each repository shows; of the one named '' all of them, each once.
CREATE TABLE registry_usage (
  repository TEXT PRIMARY KEY,
  bytes      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER link_sizes BEFORE INSERT ON links WHEN NEW.size IS NOT NULL BEGIN
  UPDATE links SET size = NEW.size WHERE digest = NEW.digest AND size IS NULL;
END;
CREATE TRIGGER links_added AFTER INSERT ON links WHEN NEW.size IS NOT NULL BEGIN
  INSERT INTO registry_usage VALUES (NEW.repository, NEW.size)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
  INSERT INTO registry_usage SELECT '', NEW.size WHERE NOT EXISTS (
      SELECT 1 FROM links WHERE digest = NEW.digest AND repository <> NEW.repository)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER links_sized AFTER UPDATE OF size ON links WHEN OLD.size IS NULL BEGIN
  INSERT INTO registry_usage VALUES (NEW.repository, NEW.size)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
  INSERT INTO registry_usage SELECT '', NEW.size WHERE NEW.repository = (
      SELECT min(repository) FROM links WHERE digest = NEW.digest)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER links_removed AFTER DELETE ON links WHEN OLD.size IS NOT NULL BEGIN
  UPDATE registry_usage SET bytes = bytes - OLD.size WHERE repository = OLD.repository;
  UPDATE registry_usage SET bytes = bytes - OLD.size WHERE repository = '' AND NOT EXISTS (
    SELECT 1 FROM links WHERE digest = OLD.digest);
END;

-- How far the scrub has come (scrub.ts): one row.
CREATE TABLE scrub (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  after       TEXT NOT NULL,
  began_at_ms INTEGER NOT NULL
) STRICT;
`;

const VERSION_11 = `
-- Images of manifest lists that were made here and may not have been pushed yet (manifest-lists.ts).
CREATE TABLE listed_manifests (
  list       TEXT NOT NULL,
  reference  TEXT NOT NULL,
  descriptor TEXT NOT NULL,
  -- The manifest's bytes in base64.
  raw        TEXT NOT NULL,
  PRIMARY KEY (list, reference)
) STRICT, WITHOUT ROWID;
`;

const VERSION_12 = `
-- When a record's step was done, whatever time its image says. Of records from before: that time.
ALTER TABLE records ADD COLUMN made_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE records SET made_at_ms = coalesce(unixepoch(created_at), 0) * 1000;
`;

const VERSION_13 = `
-- Tags of the registry that came from another one, and when that was last asked for them (proxied-content.ts).
CREATE TABLE proxied_tags (
  repository    TEXT NOT NULL,
  tag           TEXT NOT NULL,
  checked_at_ms INTEGER NOT NULL,
  PRIMARY KEY (repository, tag)
) STRICT, WITHOUT ROWID;

-- Lists as it gave them: of tags where the subject is '', else of what refers to the subject.
CREATE TABLE proxied_lists (
  repository    TEXT NOT NULL,
  subject       TEXT NOT NULL,
  body          TEXT NOT NULL,
  checked_at_ms INTEGER NOT NULL,
  PRIMARY KEY (repository, subject)
) STRICT, WITHOUT ROWID;
`;

export const MIGRATIONS: readonly string[] = [
  VERSION_1,
  VERSION_2,
  VERSION_3,
  VERSION_4,
  VERSION_5,
  VERSION_6,
  VERSION_7,
  VERSION_8,
  VERSION_9,
  VERSION_10,
  VERSION_11,
  VERSION_12,
  VERSION_13,
];
