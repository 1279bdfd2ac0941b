/**
 * Which manifests point at another one by `subject` (image-spec manifest.md, distribution-spec
 * §Listing referrers). Written with the manifest, gone with it; what the answer shows is kept beside,
 * so that listing opens no file.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import {
  artifactTypeOf,
  decodeManifest,
  descriptorOf,
  type Manifest,
  referrerDescriptor,
} from '#core/manifest.ts';
import type { ReferrerOptions, Repository } from '#core/repository.ts';
import { digestIn, type Metadata, numberOf, type Row, textOf } from './metadata.ts';

export interface RepositoryKey {
  readonly space: string;
  readonly repository: string;
}

/** Remembers the subject of a manifest whose row is there already; nothing when it has none. */
export function recordSubject(
  metadata: Metadata,
  key: RepositoryKey & { readonly digest: Digest },
  manifest: Manifest,
): void {
  if (!manifest.subject) return;
  metadata.run(
    'INSERT OR REPLACE INTO referrers VALUES (?, ?, ?, ?, ?, ?)',
    key.space,
    key.repository,
    manifest.subject.digest,
    key.digest,
    artifactTypeOf(manifest) ?? null,
    JSON.stringify(manifest.annotations),
  );
}

export type ReferrersBySubject = ReadonlyMap<Digest, readonly Descriptor[]>;

/** Which of the listed manifests point at what, for places that only know their manifests. */
export async function referrersAmong(
  repository: Repository,
  digests: Iterable<Digest>,
): Promise<ReferrersBySubject> {
  const bySubject = new Map<Digest, Descriptor[]>();
  for (const digest of [...new Set(digests)].sort()) {
    try {
      const raw = await repository.getManifest(digest);
      const manifest = decodeManifest(raw);
      if (!manifest.subject) continue;
      const known = bySubject.get(manifest.subject.digest) ?? [];
      known.push(referrerDescriptor(descriptorOf(raw), manifest));
      bySubject.set(manifest.subject.digest, known);
    } catch (error) {
      // One that was lost, or is in no form that anybody knows, is no referrer.
      const codes = ['MANIFEST_UNKNOWN', 'MANIFEST_INVALID', 'DIGEST_MISMATCH'] as const;
      if (!isSlipwayError(error, ...codes)) throw error;
    }
  }
  return bySubject;
}

/** Those of one subject, of one type where that is asked for. */
export function referrersTo(
  subject: Digest,
  bySubject: ReferrersBySubject,
  { artifactType }: ReferrerOptions = {},
): readonly Descriptor[] {
  const all = bySubject.get(subject) ?? [];
  if (artifactType === undefined) return all;
  return all.filter((one) => one.artifactType === artifactType);
}

/** Sorted by digest. */
export function referrersOf(
  metadata: Metadata,
  key: RepositoryKey,
  subject: Digest,
): readonly Descriptor[] {
  const rows = metadata.all(
    `SELECT digest, media_type, size, artifact_type, annotations
     FROM referrers JOIN manifests USING (space, repository, digest)
     WHERE space = ? AND repository = ? AND subject = ? ORDER BY digest`,
    key.space,
    key.repository,
    subject,
  );
  return rows.map(descriptorIn);
}

function descriptorIn(row: Row): Descriptor {
  const annotations = annotationsIn(textOf(row, 'annotations'));
  return {
    mediaType: textOf(row, 'media_type'),
    digest: digestIn(row, 'digest'),
    size: numberOf(row, 'size'),
    ...(row.artifact_type === null ? {} : { artifactType: textOf(row, 'artifact_type') }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

function annotationsIn(text: string): Readonly<Record<string, string>> {
  const what = 'annotations of a referrer';
  const reader = new ObjectReader(parseJson(text, what), what);
  return Object.fromEntries(reader.keys().map((name) => [name, reader.string(name)]));
}
