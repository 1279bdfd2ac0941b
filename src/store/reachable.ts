/**
 * What must stay, as a set of digests. Roots: manifests of any repository (tagged or not: they can be
 * had by digest), holds of leases, fresh links of the registry, layers of cache records. From there
 * on: what manifests refer to, and the plain and compressed forms of a layer for each other.
 */
import { readFileSync } from 'node:fs';
import { type Digest, parseDigest } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest, type Manifest } from '#core/manifest.ts';
import { isManifestType } from '#core/media-type.ts';
import { digestIn, type Metadata, type Row, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { LINK_GRACE_MS } from './registry-links.ts';
import { verifyBytes } from './verified-read.ts';

/** A manifest as a row or a descriptor names it. */
export interface ManifestRoot {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** Manifests of the store, each read once. */
export class ManifestReader {
  readonly #paths: StorePaths;
  readonly #known = new Map<Digest, Manifest | undefined>();

  constructor(paths: StorePaths) {
    this.#paths = paths;
  }

  /** Undefined when its bytes are lost or damaged: the image is of no use then, fetching it again repairs it. */
  read({ digest, mediaType }: ManifestRoot): Manifest | undefined {
    if (!this.#known.has(digest)) this.#known.set(digest, this.#load(digest, mediaType));
    return this.#known.get(digest);
  }

  #load(digest: Digest, mediaType: string): Manifest | undefined {
    try {
      const bytes = readFileSync(this.#paths.blob(digest));
      verifyBytes(bytes, { digest, from: 'the manifest' });
      return decodeManifest({ mediaType, digest, bytes });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || isSlipwayError(error)) return undefined;
      throw error;
    }
  }
}

/** The other forms of layers: plain tar and compressed blobs of the same content. */
export class LayerForms {
  /** The tars that a blob is a compressed form of; one, unless somebody was wrong. */
  readonly #tars = new Map<Digest, Digest[]>();
  /** The compressed forms of a tar. */
  readonly #compressed = new Map<Digest, Digest[]>();

  constructor(metadata: Metadata) {
    for (const row of metadata.all('SELECT diff_id, digest FROM compressed')) {
      const diffId = parseDigest(textOf(row, 'diff_id'));
      const digest = digestIn(row, 'digest');
      this.#tars.set(digest, [...(this.#tars.get(digest) ?? []), diffId]);
      this.#compressed.set(diffId, [...(this.#compressed.get(diffId) ?? []), digest]);
    }
  }

  /** The compressed forms of a tar. */
  compressed(diffId: Digest): readonly Digest[] {
    return this.#compressed.get(diffId) ?? [];
  }

  /** Adds to the set all forms of what is in it. */
  addTo(reached: Set<Digest>): void {
    if (this.#tars.size === 0) return;
    // First from any form to the tar, then from the tar to all its forms.
    for (const forms of [this.#tars, this.#compressed]) {
      for (const digest of [...reached]) {
        for (const other of forms.get(digest) ?? []) reached.add(other);
      }
    }
  }
}

/** Call it inside a transaction: the answer is true only as long as nobody else may write. */
export function reachableDigests(paths: StorePaths, metadata: Metadata): ReadonlySet<Digest> {
  const reader = new ManifestReader(paths);
  const reached = new Set<Digest>([...heldDigests(metadata), ...cachedDigests(metadata)]);
  for (const digest of freshLinks(metadata)) reached.add(digest);
  addReached(reader, manifestRoots(metadata), reached);
  new LayerForms(metadata).addTo(reached);
  return reached;
}

/** Manifests of both spaces, or of one. */
export function manifestRoots(
  metadata: Metadata,
  space?: 'images' | 'registry',
): readonly ManifestRoot[] {
  const sql = 'SELECT DISTINCT digest, media_type FROM manifests';
  const rows =
    space === undefined ? metadata.all(sql) : metadata.all(`${sql} WHERE space = ?`, space);
  return rows.map(rootIn);
}

/** What leases hold. Leases of dead owners should have been ended before. */
export function heldDigests(metadata: Metadata): readonly Digest[] {
  return metadata.all('SELECT DISTINCT digest FROM holds').map((row) => digestIn(row, 'digest'));
}

/** Layers that the build cache keeps. */
function cachedDigests(metadata: Metadata): readonly Digest[] {
  const rows = metadata.all('SELECT DISTINCT diff_id FROM records WHERE diff_id IS NOT NULL');
  return rows.map((row) => digestIn(row, 'diff_id'));
}

/** Blobs on their way into the registry, for as long as a push may take. */
export function freshLinks(metadata: Metadata): readonly Digest[] {
  const rows = metadata.all(
    'SELECT DISTINCT digest FROM links WHERE linked_at_ms > ?',
    Date.now() - LINK_GRACE_MS,
  );
  return rows.map((row) => digestIn(row, 'digest'));
}

/** Adds the manifests and all they refer to; foreign types and what cannot be read end there. */
export function addReached(
  reader: ManifestReader,
  roots: readonly ManifestRoot[],
  reached: Set<Digest>,
): void {
  const seen = new Set<Digest>();
  const pending = [...roots];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    reached.add(next.digest);
    if (!isManifestType(next.mediaType)) continue;
    const manifest = reader.read(next);
    if (manifest) pending.push(...childrenOf(manifest));
  }
}

function rootIn(row: Row): ManifestRoot {
  return { digest: digestIn(row, 'digest'), mediaType: textOf(row, 'media_type') };
}
