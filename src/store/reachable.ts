/**
 * What must stay, as a set of digests. Roots: manifests of any repository (tagged or not: they can be
 * had by digest), holds of leases, fresh links of the registry, layers of cache records. From there
 * on: what manifests refer to, and the plain and compressed forms of a layer for each other.
 */
import { readFileSync } from 'node:fs';
import { type Digest, digestOf, parseDigest } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest, type Manifest } from '#core/manifest.ts';
import { isManifestType } from '#core/media-type.ts';
import { digestIn, type Metadata, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { LINK_GRACE_MS } from './registry-links.ts';

/** Call it inside a transaction: the answer is true only as long as nobody else may write. */
export function reachableDigests(paths: StorePaths, metadata: Metadata): ReadonlySet<Digest> {
  const reached = new Set<Digest>();
  addRoots(metadata, reached);
  for (const row of metadata.all('SELECT DISTINCT digest, media_type FROM manifests')) {
    const root = { digest: digestIn(row, 'digest'), mediaType: textOf(row, 'media_type') };
    addManifest(paths, root, reached);
  }
  addOtherForms(metadata, reached);
  return reached;
}

/** What the manifests of one repository of the registry refer to, themselves included. */
export function neededInRegistry(
  paths: StorePaths,
  metadata: Metadata,
  repository: string,
): ReadonlySet<Digest> {
  const needed = new Set<Digest>();
  const rows = metadata.all(
    "SELECT digest, media_type FROM manifests WHERE space = 'registry' AND repository = ?",
    repository,
  );
  for (const row of rows) {
    const root = { digest: digestIn(row, 'digest'), mediaType: textOf(row, 'media_type') };
    addManifest(paths, root, needed);
  }
  return needed;
}

function addRoots(metadata: Metadata, reached: Set<Digest>): void {
  const roots = metadata.all(
    `SELECT digest FROM holds
     UNION SELECT digest FROM links WHERE linked_at_ms > ?
     UNION SELECT diff_id FROM records WHERE diff_id IS NOT NULL`,
    Date.now() - LINK_GRACE_MS,
  );
  for (const row of roots) reached.add(digestIn(row, 'digest'));
}

function addManifest(
  paths: StorePaths,
  root: { readonly digest: Digest; readonly mediaType: string },
  reached: Set<Digest>,
): void {
  const seen = new Set<Digest>();
  const pending = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    reached.add(next.digest);
    if (!isManifestType(next.mediaType)) continue;
    const manifest = readManifest(paths, next.digest, next.mediaType);
    if (manifest) pending.push(...childrenOf(manifest));
  }
}

/** Undefined when its bytes are lost or damaged: the image is of no use then, fetching it again repairs it. */
function readManifest(paths: StorePaths, digest: Digest, mediaType: string): Manifest | undefined {
  try {
    const bytes = readFileSync(paths.blob(digest));
    if (digest.startsWith('sha256:') && digestOf(bytes) !== digest) return undefined;
    return decodeManifest({ mediaType, digest, bytes });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || isSlipwayError(error)) return undefined;
    throw error;
  }
}

function addOtherForms(metadata: Metadata, reached: Set<Digest>): void {
  const forms = metadata.all('SELECT diff_id, digest FROM compressed').map((row) => ({
    diffId: parseDigest(textOf(row, 'diff_id')),
    digest: digestIn(row, 'digest'),
  }));
  // First from any form to the tar, then from the tar to all its forms.
  for (const { diffId, digest } of forms) if (reached.has(digest)) reached.add(diffId);
  for (const { diffId, digest } of forms) if (reached.has(diffId)) reached.add(digest);
}
