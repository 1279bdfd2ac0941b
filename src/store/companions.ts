/**
 * What belongs to an image without being part of it: signatures, attestations and SBOMs. Two customs
 * are in use: manifests that name the image as their `subject` (distribution-spec §Listing
 * referrers), and tags made of the image's digest (`sha256-<hex>.sig`, cosign's; without an ending,
 * the specification's fall-back). Both are found here, and by the same words told from images.
 */
import { type Digest, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { CallOptions, ReferrerLister, Repository } from '#core/repository.ts';
import { resolvedIn } from './resolved-in.ts';
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

/** The tag of the specification's list of referrers, for registries that cannot list them. */
export function isFallbackTag(tag: string): boolean {
  return /^sha256-[0-9a-f]{64}$/.test(tag);
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
  /** Hears of one that is listed and not there; absent: that is an error. */
  readonly onMissing?: (companion: Companion) => void;
  readonly signal?: AbortSignal;
}

/** Registries are asked about so many manifests at the same time. */
const ASKED_AT_ONCE = 8;

/**
 * Of the image and of each other, those nearest to the image first.
 * @throws MANIFEST_INVALID for more than anybody has; MANIFEST_UNKNOWN
 */
export async function companionsIn(
  repository: Repository & ReferrerLister,
  options: CompanionOptions,
): Promise<readonly Companion[]> {
  const { subjects, signal } = options;
  const call = signal ? { signal } : {};
  const found: Companion[] = [];
  const seen = new Set(subjects);
  const tags = await companionTags(repository, call);
  let layer = [...subjects];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth > DEPTH_MAX || found.length > COMPANIONS_MAX) throw tooMany(subjects[0]);
    const next: Digest[] = [];
    for (const companion of await ofAll(repository, layer, { tags, ...call })) {
      const isKnown = seen.has(companion.digest);
      const manifests = isKnown ? [] : await manifestsOf(repository, companion, options);
      if (!manifests) continue;
      found.push(companion);
      next.push(...manifests.filter((digest) => digest === companion.digest || !seen.has(digest)));
      for (const digest of manifests) seen.add(digest);
    }
    layer = next;
  }
  return found;
}

/** Tags of this form that are there, asked for at once; undefined where the list is refused, not the tags. */
async function companionTags(
  repository: Repository,
  call: CallOptions,
): Promise<ReadonlySet<string> | undefined> {
  const tags = new Set<string>();
  try {
    for await (const tag of repository.tags(call)) {
      if (subjectOfTag(tag) !== undefined) tags.add(tag);
    }
    return tags;
  } catch (error) {
    if (isSlipwayError(error, 'UNAUTHORIZED', 'REGISTRY_REFUSED')) return undefined;
    throw error;
  }
}

interface Asking extends CallOptions {
  /** Absent: each has to be asked for. */
  readonly tags: ReadonlySet<string> | undefined;
}

/** In the order of the subjects. */
async function ofAll(
  repository: Repository & ReferrerLister,
  subjects: readonly Digest[],
  asking: Asking,
): Promise<readonly Companion[]> {
  const found: Companion[] = [];
  for (let first = 0; first < subjects.length; first += ASKED_AT_ONCE) {
    asking.signal?.throwIfAborted();
    const some = subjects.slice(first, first + ASKED_AT_ONCE);
    const each = await Promise.all(some.map((subject) => directly(repository, subject, asking)));
    found.push(...each.flat());
  }
  return found;
}

async function directly(
  repository: Repository & ReferrerLister,
  subject: Digest,
  { tags, ...call }: Asking,
): Promise<readonly Companion[]> {
  const referrers = await repository.referrers(subject, call);
  const found: Companion[] = referrers.map(({ digest }) => ({ digest, subject }));
  for (const ending of ENDINGS) {
    const tag = `${subject.replace(':', '-')}${ending}`;
    const isLikely = tags?.has(tag) ?? true;
    const digest = isLikely ? await resolvedIn(repository, tag, call) : undefined;
    if (digest !== undefined) found.push({ digest, subject, tag });
  }
  return found;
}

/** Itself and, of an index, what it lists; undefined when it is lost and that may be. */
async function manifestsOf(
  repository: Repository,
  companion: Companion,
  { onMissing, signal }: CompanionOptions,
): Promise<readonly Digest[] | undefined> {
  const call = signal ? { signal } : {};
  try {
    const { manifests } = await walkImage(repository, { selector: companion.digest, ...call });
    return manifests.map(({ raw }) => raw.digest);
  } catch (error) {
    if (!onMissing || !isSlipwayError(error, 'MANIFEST_UNKNOWN')) throw error;
    onMissing(companion);
    return undefined;
  }
}

function tooMany(subject: Digest | undefined): SlipwayError {
  return new SlipwayError(
    'MANIFEST_INVALID',
    `manifest invalid: signatures and other referrers of ${subject} go deeper than ${DEPTH_MAX} or are more than ${COMPANIONS_MAX}`,
    { hint: 'leave them out with --no-referrers' },
  );
}
