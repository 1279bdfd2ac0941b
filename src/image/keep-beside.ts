/** Statements about an image of the local store, in the repositories of its names. */
import { PREDICATE_ANNOTATION } from '#core/attestation.ts';
import type { Digest } from '#core/digest.ts';
import { decodeManifest, type Manifest } from '#core/manifest.ts';
import { type Reference, repositoryKey } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { NAMELESS } from '#store/images.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import type { LocalStore } from '#store/local-store.ts';

/** Earlier statements of the same kinds about the same image go: one image has one provenance here. */
export async function keepBeside(
  manifests: readonly RawManifest[],
  options: {
    readonly store: LocalStore;
    readonly lease: Lease;
    readonly names: readonly Reference[];
    /** Where an image lies that has none. */
    readonly nameless?: Reference;
  },
): Promise<void> {
  const { store, lease, names, nameless } = options;
  const homeless = nameless ? repositoryKey(nameless) : NAMELESS;
  const repositories = names.length === 0 ? [homeless] : names.map(repositoryKey);
  for (const name of new Set(repositories)) {
    const repository = store.repository({ space: 'images', name, lease });
    for (const raw of manifests) {
      await repository.putManifest(raw);
      for (const old of await replacedBy(repository, raw)) await repository.deleteManifest(old);
    }
  }
}

async function replacedBy(
  repository: LocalRepository,
  raw: RawManifest,
): Promise<readonly Digest[]> {
  const manifest = decodeManifest(raw);
  if (!manifest.subject) return [];
  const kinds = kindsOf(manifest);
  const old: Digest[] = [];
  for (const { digest, artifactType } of await repository.referrers(manifest.subject.digest)) {
    if (digest === raw.digest || artifactType !== manifest.artifactType) continue;
    const other = kindsOf(decodeManifest(await repository.getManifest(digest)));
    if (other.isSubsetOf(kinds)) old.push(digest);
  }
  return old;
}

/** The predicates that are stated. */
function kindsOf(manifest: Manifest): ReadonlySet<string> {
  const layers = manifest.kind === 'image' ? manifest.layers : [];
  return new Set(layers.map(({ annotations }) => annotations?.[PREDICATE_ANNOTATION] ?? ''));
}
