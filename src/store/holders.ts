/**
 * Who holds a digest (`slipway why`): everything that keeps it from gc, with the way from a name
 * down to it, and what else points at it without keeping it.
 */
import type { Digest } from '#core/digest.ts';
import { parseDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { isManifestType } from '#core/media-type.ts';
import type { DigestHolder, DigestReport } from '#core/store-report.ts';
import { cacheEntries } from './cache-entries.ts';
import { digestFiles, diskBytes } from './disk-files.ts';
import { MERGED_TTL_MS, planGarbage } from './garbage.ts';
import { type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { ownerState, pidOfOwner } from './process-owner.ts';
import { ManifestReader } from './reachable.ts';
import { LINK_GRACE_MS } from './registry-links.ts';
import { loopsOf, mountsOf } from './store-mounts.ts';

/** @throws BLOB_UNKNOWN for a digest of which nothing is here */
export function holdersOf(paths: StorePaths, metadata: Metadata, digest: Digest): DigestReport {
  const files = digestFiles(paths)
    .filter((file) => file.digest === digest)
    .map(({ kind, path }) => ({ kind, path, bytes: diskBytes(path) }));
  const graph = new ManifestGraph(paths, metadata);
  const direct = (of: Digest): readonly DigestHolder[] => [
    ...graph.holders(of),
    ...leaseHolders(metadata, of),
    ...cacheHolders(paths, metadata, of),
    ...linkHolders(metadata, of),
  ];
  const holders = [
    ...direct(digest),
    ...otherForms(metadata, digest).flatMap(({ other, form }) =>
      direct(other).map((holder) => ({ ...holder, as: { digest: other, form } })),
    ),
    ...files.flatMap(({ path }) => [...mountsOf(path), ...loopsOf(path)]),
  ];
  const mentions = [...referrersOf(metadata, digest), ...aliasesOf(metadata, digest)];
  if (files.length === 0 && holders.length === 0 && mentions.length === 0) throw unknown(digest);
  const { garbage } = metadata.transaction(() => planGarbage(paths, metadata));
  const goes = garbage.filter((piece) => piece.digest === digest);
  const merged = files.find(({ kind }) => kind === 'merged');
  return {
    digest,
    files,
    holders,
    mentions,
    freedByGc: goes.reduce((sum, { path }) => sum + diskBytes(path), 0),
    isGarbage: files.length > 0 && goes.length === files.length,
    ...(merged ? { keptDays: MERGED_TTL_MS / (24 * 60 * 60 * 1000) } : {}),
  };
}

/** Digests of which something is here and that begin with the hex digits. */
export function digestsFrom(
  paths: StorePaths,
  metadata: Metadata,
  begin: string,
): readonly Digest[] {
  const rows = metadata.all(
    `SELECT digest FROM manifests UNION SELECT digest FROM holds UNION SELECT digest FROM links
     UNION SELECT diff_id FROM records WHERE diff_id IS NOT NULL`,
  );
  const known = new Set([
    ...digestFiles(paths).map(({ digest }) => digest),
    ...rows.map((row) => parseDigest(textOf(row, 'digest'))),
  ]);
  return [...known].filter((digest) => digest.slice(digest.indexOf(':') + 1).startsWith(begin));
}

/** A manifest of the store and where it can be had. */
interface NamedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly space: 'images' | 'registry';
  readonly repository: string;
  readonly tags: readonly string[];
}

interface Parent {
  readonly digest: Digest;
  /** What the child is to it: `config`, `layer 2 of 5`, `image for linux/amd64`. */
  readonly role: string;
}

/** All manifests, and for each digest those that refer to it. */
class ManifestGraph {
  readonly #named: readonly NamedManifest[];
  readonly #parents = new Map<Digest, Parent[]>();

  constructor(paths: StorePaths, metadata: Metadata) {
    this.#named = namedManifests(metadata);
    const reader = new ManifestReader(paths);
    const seen = new Set<Digest>();
    const pending = this.#named.map(({ digest, mediaType }) => ({ digest, mediaType }));
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next.digest) || !isManifestType(next.mediaType)) continue;
      seen.add(next.digest);
      const manifest = reader.read(next);
      if (manifest?.kind === 'index') {
        pending.push(...manifest.manifests);
        for (const child of manifest.manifests) {
          const { os, architecture } = child.platform ?? {};
          const platform = os === undefined ? '' : ` for ${os}/${architecture}`;
          this.#add(child.digest, { digest: next.digest, role: `image${platform}` });
        }
      }
      if (manifest?.kind === 'image') {
        const { config, layers } = manifest;
        this.#add(config.digest, { digest: next.digest, role: 'config' });
        for (const [i, layer] of layers.entries()) {
          const role = `layer ${i + 1} of ${layers.length}`;
          this.#add(layer.digest, { digest: next.digest, role });
        }
      }
    }
  }

  /** Every name from which a way leads down to the digest. */
  holders(digest: Digest): readonly DigestHolder[] {
    const found: DigestHolder[] = [];
    const seen = new Set<Digest>();
    const pending: { readonly at: Digest; readonly way: readonly Parent[] }[] = [
      { at: digest, way: [] },
    ];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { at, way } = next;
      if (seen.has(at)) continue;
      seen.add(at);
      for (const { space, repository, tags } of this.#named.filter((one) => one.digest === at)) {
        const steps = way.map(({ digest: parent, role }) => ({ manifest: parent, role }));
        found.push({
          kind: 'name',
          space,
          repository,
          tags,
          manifest: at,
          way: steps.toReversed(),
        });
      }
      for (const parent of this.#parents.get(at) ?? []) {
        pending.push({ at: parent.digest, way: [...way, parent] });
      }
    }
    return found;
  }

  #add(child: Digest, parent: Parent): void {
    this.#parents.set(child, [...(this.#parents.get(child) ?? []), parent]);
  }
}

function namedManifests(metadata: Metadata): readonly NamedManifest[] {
  const tags = Map.groupBy(metadata.all('SELECT * FROM tags ORDER BY tag'), keyOf);
  return metadata.all('SELECT * FROM manifests ORDER BY space, repository, digest').map((row) => ({
    digest: parseDigest(textOf(row, 'digest')),
    mediaType: textOf(row, 'media_type'),
    space: textOf(row, 'space') === 'registry' ? ('registry' as const) : ('images' as const),
    repository: textOf(row, 'repository'),
    tags: (tags.get(keyOf(row)) ?? []).map((tag) => textOf(tag, 'tag')),
  }));
}

function keyOf(row: Row): string {
  return ['space', 'repository', 'digest'].map((column) => textOf(row, column)).join('\n');
}

function leaseHolders(metadata: Metadata, digest: Digest): readonly DigestHolder[] {
  const rows = metadata.all(
    `SELECT purpose, owner FROM leases JOIN holds ON holds.lease = leases.id
     WHERE digest = ? ORDER BY purpose`,
    digest,
  );
  return rows.map((row) => {
    const owner = textOf(row, 'owner');
    const pid = pidOfOwner(owner);
    return {
      kind: 'lease',
      purpose: textOf(row, 'purpose'),
      isAlive: ownerState(owner) === 'alive',
      ...(pid === undefined ? {} : { pid }),
    };
  });
}

function cacheHolders(
  paths: StorePaths,
  metadata: Metadata,
  digest: Digest,
): readonly DigestHolder[] {
  return cacheEntries(paths, metadata)
    .filter(({ diffId }) => diffId === digest)
    .map(({ description, usedAtMs, uses, keys }) => ({
      kind: 'cache',
      description,
      usedAtMs,
      uses,
      records: keys.length,
    }));
}

/** A fresh link keeps its blob by itself; an older one only says that the repository shows it. */
function linkHolders(metadata: Metadata, digest: Digest): readonly DigestHolder[] {
  const fresh = Date.now() - LINK_GRACE_MS;
  const rows = metadata.all(
    'SELECT repository, linked_at_ms FROM links WHERE digest = ? AND linked_at_ms > ?',
    digest,
    fresh,
  );
  return rows.map((row) => ({
    kind: 'link',
    repository: textOf(row, 'repository'),
    untilMs: numberOf(row, 'linked_at_ms') + LINK_GRACE_MS,
  }));
}

/** The plain tar lives as long as a compressed form of it does, and the other way round. */
function otherForms(
  metadata: Metadata,
  digest: Digest,
): readonly { readonly other: Digest; readonly form: string }[] {
  const rows = metadata.all('SELECT diff_id, codec, digest FROM compressed');
  const forms = rows.map((row) => ({
    diffId: parseDigest(textOf(row, 'diff_id')),
    digest: parseDigest(textOf(row, 'digest')),
    codec: textOf(row, 'codec'),
  }));
  const tars = new Set([
    digest,
    ...forms.filter((form) => form.digest === digest).map(({ diffId }) => diffId),
  ]);
  return forms
    .filter(({ diffId }) => tars.has(diffId))
    .flatMap((form) => [
      { other: form.diffId, form: 'tar' },
      { other: form.digest, form: form.codec },
    ])
    .filter(({ other }, i, all) => {
      return other !== digest && all.findIndex((one) => one.other === other) === i;
    });
}

function referrersOf(metadata: Metadata, digest: Digest): DigestReport['mentions'] {
  const rows = metadata.all('SELECT * FROM referrers WHERE subject = ?', digest);
  return rows.map((row) => ({
    kind: 'referrer',
    digest: parseDigest(textOf(row, 'digest')),
    repository: textOf(row, 'repository'),
    ...(typeof row.artifact_type === 'string' ? { artifactType: row.artifact_type } : {}),
  }));
}

function aliasesOf(metadata: Metadata, digest: Digest): DigestReport['mentions'] {
  const rows = metadata.all('SELECT * FROM aliases WHERE digest = ?', digest);
  return rows.map((row) => ({
    kind: 'alias',
    digest: parseDigest(textOf(row, 'target')),
    repository: textOf(row, 'repository'),
  }));
}

function unknown(digest: Digest): SlipwayError {
  return new SlipwayError('BLOB_UNKNOWN', `${digest} is not in the local store`, {
    hint: '"slipway images --digests" and "slipway system df -v" show what is here',
    detail: { digest },
  });
}
