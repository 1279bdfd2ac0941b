/**
 * The lock of one build: what names outside this machine stand for, and what they stood for this time.
 * Asked by everything that takes something from elsewhere, whatever the build is to do with its lock.
 * What a Dockerfile pins itself (a digest, a checksum, a commit) is not asked for here.
 */
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import { formatReference, type Reference, withDefaultTag } from '#core/reference.ts';
import { EMPTY_LOCK, type LockDocument } from './lock-document.ts';

export interface LockRules {
  /** `heed`: keep to what is locked; `write`: and lock the rest; `frozen`: nothing else is taken. */
  readonly mode: 'heed' | 'write' | 'frozen';
  /** Registries are to be asked for newer images; with `write` everything is locked anew. */
  readonly renew: boolean;
  /** What this build does not use stays locked: it may be another target's. */
  readonly keepUnused: boolean;
}

type Changing = {
  readonly images: Map<string, Map<string, Digest>>;
  readonly files: Map<string, Digest>;
  readonly git: Map<string, string>;
};

export class Lock {
  /** The file's, for people. */
  readonly name: string;
  readonly #before: LockDocument;
  readonly #rules: LockRules;
  readonly #used: Changing = { images: new Map(), files: new Map(), git: new Map() };
  readonly #unlocked = new Set<string>();

  /** `before`: as it was found; absent: there is none yet. */
  constructor(name: string, before: LockDocument | undefined, rules: LockRules) {
    this.name = name;
    this.#before = before ?? EMPTY_LOCK;
    this.#rules = rules;
  }

  /** Everything has to be locked when the build is over. */
  get isStrict(): boolean {
    return this.#rules.mode !== 'heed';
  }

  /** The manifest that the reference is to be. @throws LOCK_OUTDATED */
  image(reference: Reference, platform: Platform): Digest | undefined {
    if (this.#rules.renew) return undefined;
    const name = imageName(reference);
    const shown = `${name} for ${formatPlatform(platform)}`;
    return this.#locked(own(own(this.#before.images, name), formatPlatform(platform)), shown);
  }

  usedImage(reference: Reference, platform: Platform, digest: Digest): void {
    const name = imageName(reference);
    const platforms = this.#used.images.get(name) ?? new Map();
    this.#used.images.set(name, platforms.set(formatPlatform(platform), digest));
  }

  /** The content that a URL is to have. @throws LOCK_OUTDATED */
  file(url: URL): Digest | undefined {
    if (this.#isRenewed()) return undefined;
    return this.#locked(own(this.#before.files, fileKey(url)), fileKey(url));
  }

  usedFile(url: URL, digest: Digest): void {
    this.#used.files.set(fileKey(url), digest);
  }

  /** The commit that a reference is to be. @throws LOCK_OUTDATED */
  commit(remote: string, ref: string | undefined): string | undefined {
    if (this.#isRenewed()) return undefined;
    const key = gitKey(remote, ref);
    return this.#locked(own(this.#before.git, key), key);
  }

  usedCommit(remote: string, ref: string | undefined, commit: string): void {
    this.#used.git.set(gitKey(remote, ref), commit);
  }

  /** What was asked for and is not locked, sorted. */
  unlocked(): readonly string[] {
    return [...this.#unlocked].sort();
  }

  /** The lock after a build that came to its end. */
  after(): LockDocument {
    const { images, files, git } = this.#used;
    const kept = this.#rules.keepUnused ? this.#before : EMPTY_LOCK;
    const used = [...images].map(([name, platforms]) => {
      const others = own(this.#before.images, name) ?? {};
      // Of a tag that moved the other platforms' digests are of another version.
      const hasMoved = [...platforms].some(
        ([platform, digest]) => (own(others, platform) ?? digest) !== digest,
      );
      return [name, { ...(hasMoved ? {} : others), ...Object.fromEntries(platforms) }] as const;
    });
    return {
      images: { ...kept.images, ...Object.fromEntries(used) },
      files: { ...kept.files, ...Object.fromEntries(files) },
      git: { ...kept.git, ...Object.fromEntries(git) },
    };
  }

  #isRenewed(): boolean {
    return this.#rules.renew && this.#rules.mode === 'write';
  }

  #locked<T>(found: T | undefined, shown: string): T | undefined {
    if (found !== undefined) return found;
    this.#unlocked.add(shown);
    if (this.#rules.mode !== 'frozen') return undefined;
    throw new SlipwayError('LOCK_OUTDATED', `${shown} is not in ${this.name}`, {
      hint: 'run "slipway build --lock" without --frozen, look at what it adds to the file, and keep it with the Dockerfile',
      detail: { name: shown },
    });
  }
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

function imageName(reference: Reference): string {
  return formatReference(withDefaultTag(reference));
}

/** Without what may be secret in it, and what the server does not see. */
function fileKey(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  return shown.href;
}

function gitKey(remote: string, ref = 'HEAD'): string {
  const url = URL.parse(remote);
  if (url) {
    url.username = '';
    url.password = '';
  }
  return `${url?.href ?? remote}#${ref}`;
}
