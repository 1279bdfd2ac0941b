/**
 * Signatures and the like in the local image store (companions.ts has what they are): they are kept
 * beside their image, and neither listed as images nor left behind when it goes.
 */
import type { Digest } from '#core/digest.ts';
import { subjectOfTag } from '#store/companions.ts';
import type { ImageName } from '#store/images.ts';
import type { LocalStore } from '#store/local-store.ts';

/**
 * What each manifest that belongs to another one belongs to, by {@link manifestKey}; only where both
 * are in the same repository, so that nothing is hidden whose image is gone.
 */
export function companionSubjects(
  store: LocalStore,
  names: readonly ImageName[] = store.images.list(),
): ReadonlyMap<string, Digest> {
  const there = new Set(names.map(manifestKey));
  const subjects = new Map<string, Digest>();
  const note = (repository: string, digest: Digest, subject: Digest | undefined): void => {
    if (subject === undefined || !there.has(manifestKey({ repository, digest: subject }))) return;
    subjects.set(manifestKey({ repository, digest }), subject);
  };
  const tagged = new Set<string>();
  for (const { repository, digest, tags } of names) {
    if (tags.length === 0) continue;
    tagged.add(manifestKey({ repository, digest }));
    const [subject, ...others] = tags.map(subjectOfTag);
    if (!others.includes(undefined)) note(repository, digest, subject);
  }
  for (const { repository, digest, subject } of store.images.subjects()) {
    // Somebody gave it a name of its own.
    if (!tagged.has(manifestKey({ repository, digest }))) note(repository, digest, subject);
  }
  return subjects;
}

export function manifestKey({
  repository,
  digest,
}: Pick<ImageName, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`;
}
