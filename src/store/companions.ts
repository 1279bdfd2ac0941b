/**
 * What belongs to an image without being part of it: signatures, attestations and SBOMs. Two customs
 * are in use: manifests that name the image as their `subject` (distribution-spec §Listing
 * referrers), and tags made of the image's digest (`sha256-<hex>.sig`, cosign's; without an ending,
 * the specification's fall-back). Both are found here, and by the same words told from images.
 */
import { type Digest, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { CallOptions, ReferrerLister, Repository } from '#core/repository.ts';
import { walkImage } from './walk.ts';

const COMPANION_TAG = /^sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;
const ENDINGS = ['', '.sig', '.att', '.sbom'] as const;

/** A signature of a signature of an SBOM is as deep as anybody goes. */
const DEPTH_MAX = 4;
const COMPANIONS_MAX = 10_000;

/** What a tag of this form is about; undefined for an ordinary tag. */
export function subjectOfTag(tag: string): Digest | undefined {
  const digest = `sha256:${COMPANION_TAG.exec(tag)?.[1] ?? ''}`;
  return isDigest(digest) ? digest : undefined;
}

export interface Companion {
  /** Of its manifest or index. */
  readonly digest: Digest;
  readonly subject: Digest;
  /** Absent: found by its subject field. */
  readonly tag?: string;
}

export interface CompanionOptions {
  /** The manifests of the image: its root and what the root lists. */
  readonly subjects: readonly Digest[];
  readonly signal?: AbortSignal;
}

/**
 * Of the image and of each other, those nearest to the image first.
 * @throws MANIFEST_INVALID for more than anybody has
 */
export async function companionsIn(
  repository: Repository & ReferrerLister,
  { subjects, signal }: CompanionOptions,
): Promise<readonly Companion[]> {
  const found: Companion[] = [];
  const seen = new Set(subjects);
  const tags = await companionTags(repository, signal);
  const call = signal ? { signal } : {};
  let layer = [...subjects];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth > DEPTH_MAX || found.length > COMPANIONS_MAX) throw tooMany(subjects[0]);
    const next: Digest[] = [];
    for (const subject of layer) {
      signal?.throwIfAborted();
      for (const companion of await directly(repository, { subject, tags, ...call })) {
        found.push(companion);
        if (seen.has(companion.digest)) continue;
        seen.add(companion.digest);
        next.push(...(await manifestsOf(repository, companion.digest, { seen, ...call })));
      }
    }
    layer = next;
  }
  return found;
}

/** Tags of this form that are there: asked for at once rather than one by one. */
async function companionTags(
  repository: Repository,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const tags = new Set<string>();
  for await (const tag of repository.tags(signal ? { signal } : {})) {
    if (subjectOfTag(tag) !== undefined) tags.add(tag);
  }
  return tags;
}

async function directly(
  repository: Repository & ReferrerLister,
  {
    subject,
    tags,
    ...call
  }: CallOptions & { readonly subject: Digest; readonly tags: ReadonlySet<string> },
): Promise<readonly Companion[]> {
  const referrers = await repository.referrers(subject, call);
  const found: Companion[] = referrers.map(({ digest }) => ({ digest, subject }));
  for (const ending of ENDINGS) {
    const tag = `${subject.replace(':', '-')}${ending}`;
    const digest = tags.has(tag) ? await taggedIn(repository, tag, call) : undefined;
    if (digest !== undefined) found.push({ digest, subject, tag });
  }
  return found;
}

async function taggedIn(
  repository: Repository,
  tag: string,
  call: CallOptions,
): Promise<Digest | undefined> {
  try {
    return (await repository.resolve(tag, call)).digest;
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}

/** Itself and, of an index, what it lists. */
async function manifestsOf(
  repository: Repository,
  digest: Digest,
  { seen, ...call }: CallOptions & { readonly seen: Set<Digest> },
): Promise<readonly Digest[]> {
  const { manifests } = await walkImage(repository, { selector: digest, ...call });
  const digests = manifests.map(({ raw }) => raw.digest);
  const fresh = digests.filter((found) => found === digest || !seen.has(found));
  for (const one of fresh) seen.add(one);
  return fresh;
}

function tooMany(subject: Digest | undefined): SlipwayError {
  return new SlipwayError(
    'MANIFEST_INVALID',
    `manifest invalid: signatures and other referrers of ${subject} go deeper than ${DEPTH_MAX} or are more than ${COMPANIONS_MAX}`,
    { hint: 'leave them out with --no-referrers' },
  );
}
