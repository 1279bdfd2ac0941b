/**
 * `docker rmi`: a name goes; the image goes with its last name. By ID an image with several names
 * goes only with force.
 */
import { type Digest, parseDigest, shortId } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { RemovedName } from '#core/local-image.ts';
import {
  familiarReference,
  parseReference,
  type Reference,
  repositoryKey,
  withDefaultTag,
} from '#core/reference.ts';
import type { ImageName } from '#store/images.ts';
import type { LocalStore } from '#store/local-store.ts';
import { companionSubjects } from './companion-names.ts';
import { indexChildren } from './index-children.ts';
import { findGroup } from './inspect.ts';
import { digestsOf, type ImageGroup, type ListOptions, tagsOf } from './list.ts';
import { UNUSABLE } from './resolve.ts';

export interface RemoveOptions extends ListOptions {
  readonly force?: boolean;
}

/**
 * Removes a name or, with its last name, the image and what only it needed.
 * Of an image that cannot be opened, the name alone. @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS,
 * IMAGE_IN_USE
 */
export async function removeImage(
  text: string,
  options: RemoveOptions,
): Promise<readonly RemovedName[]> {
  const group = await findGroup(text, options).catch((error: unknown) => {
    if (isSlipwayError(error, 'IMAGE_UNKNOWN', ...UNUSABLE)) return error;
    throw error;
  });
  if (group instanceof SlipwayError) return await removeBroken(text, options.store, group);
  const named = nameIn(text, group);
  const removed = named
    ? await removeName(named, group, options)
    : await removeWhole(group, options);
  if (removed.some(({ kind }) => kind === 'deleted')) await options.store.gc();
  return removed;
}

/**
 * An image that cannot be opened, its config lost or damaged, still has names, and they must be able
 * to go. `problem` is thrown where there is no such name.
 */
async function removeBroken(
  text: string,
  store: LocalStore,
  problem: SlipwayError,
): Promise<readonly RemovedName[]> {
  const wanted = referenceIn(text);
  const found = wanted && store.images.list().find((known) => isNameOf(wanted, known));
  if (!found) throw problem;
  const { repository, digest, tags } = found;
  const isLast = wanted.digest !== undefined || tags.length === 1;
  if (isLast) await forget(store, repository, digest);
  else store.images.remove(wanted);
  await store.gc();
  const also = wanted.digest === undefined ? digestsOf(found) : tagsOf(found);
  return [untagged(wanted), ...(isLast ? also.map(untagged) : [])];
}

/** The name the user meant, when it was a name and not an ID. */
export function nameIn(text: string, group: ImageGroup): Reference | undefined {
  const reference = referenceIn(text);
  return reference && group.names.some((known) => isNameOf(reference, known))
    ? reference
    : undefined;
}

function isNameOf(reference: Reference, known: ImageName): boolean {
  return [...tagsOf(known), ...digestsOf(known)].some((name) => isSameName(name, reference));
}

function referenceIn(text: string): Reference | undefined {
  try {
    return withDefaultTag(parseReference(text));
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}

function isSameName(name: Reference, wanted: Reference): boolean {
  if (repositoryKey(name) !== repositoryKey(wanted)) return false;
  return wanted.digest !== undefined ? name.digest === wanted.digest : name.tag === wanted.tag;
}

async function removeName(
  name: Reference,
  group: ImageGroup,
  options: RemoveOptions,
): Promise<readonly RemovedName[]> {
  const { store } = options;
  const tags = group.names.flatMap(tagsOf);
  const left = tags.filter((tag) => !isSameName(tag, name));
  if (left.length === 0) return await removeWhole(group, { ...options, force: true });
  const repository = repositoryKey(name);
  // With the last tag of a repository its digests go too.
  if (name.digest === undefined && left.some((tag) => repositoryKey(tag) === repository)) {
    store.images.remove({ ...parseReference(repository), ...(name.tag ? { tag: name.tag } : {}) });
    return [untagged(name)];
  }
  const here = group.names.filter((known) => known.repository === repository);
  for (const { digest } of here) await forget(store, repository, digest);
  const also = name.digest === undefined ? here.flatMap(digestsOf) : here.flatMap(tagsOf);
  return [untagged(name), ...also.map(untagged)];
}

async function removeWhole(
  group: ImageGroup,
  options: RemoveOptions,
): Promise<readonly RemovedName[]> {
  const { imageId } = group.image;
  const tags = group.names.flatMap(tagsOf);
  if (tags.length > 1 && !options.force) throw imageInUse(group);
  for (const { repository, digest } of group.names) {
    await forget(options.store, repository, digest);
  }
  return [
    ...[...tags, ...group.names.flatMap(digestsOf)].map(untagged),
    { kind: 'deleted', name: imageId },
  ];
}

/** By ID an image goes with all its names: only when that was meant. */
export function imageInUse({ image, names }: ImageGroup): SlipwayError {
  const tags = names.flatMap(tagsOf).map(familiarReference);
  return new SlipwayError(
    'IMAGE_IN_USE',
    `conflict: unable to delete ${shortId(image.imageId)} (must be forced) - image is referenced in multiple repositories`,
    {
      hint: `remove the names one by one (${tags.join(', ')}), or use --force`,
      detail: { names: tags },
    },
  );
}

function untagged(name: Reference): RemovedName {
  return { kind: 'untagged', name: familiarReference(name) };
}

/**
 * Removes a manifest with what signs it, and with those children that no other index of the
 * repository has.
 */
async function forget(store: LocalStore, repository: string, digest: Digest): Promise<void> {
  const known = store.images.list().filter((name) => name.repository === repository);
  const gone = known.find((name) => name.digest === digest);
  const children = gone ? await indexChildren(gone, store) : [];
  const companions = [...companionSubjects(store)].flatMap(([key, subject]) =>
    subject === digest && key.startsWith(`${repository}@`)
      ? [key.slice(repository.length + 1)]
      : [],
  );
  store.images.forget(repository, digest);
  for (const companion of companions) await forget(store, repository, parseDigest(companion));
  if (children.length === 0) return;
  const others = store.images.list().filter((name) => name.repository === repository);
  const needed = new Set<Digest>();
  for (const other of others) {
    for (const child of await indexChildren(other, store)) needed.add(child);
  }
  for (const { digest: child, tags } of others) {
    if (!children.includes(child) || needed.has(child) || tags.length > 0) continue;
    await forget(store, repository, child);
  }
}
