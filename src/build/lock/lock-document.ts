/**
 * `Dockerfile.lock`: what the names of a Dockerfile meant when it was locked. JSON with sorted keys and
 * an entry a line, so that the same lock is the same bytes and two branches merge line by line.
 */
import { type Digest, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';

const VERSION = 1;

/** By the canonical reference, then by platform: digests of manifests. */
export type LockedImages = Readonly<Record<string, Readonly<Record<string, Digest>>>>;

export interface LockDocument {
  readonly images: LockedImages;
  /** By URL: digests of the content. */
  readonly files: Readonly<Record<string, Digest>>;
  /** By `remote#reference`: whole names of commits. */
  readonly git: Readonly<Record<string, string>>;
}

export const EMPTY_LOCK: LockDocument = { images: {}, files: {}, git: {} };

export function encodeLock({ images, files, git }: LockDocument): string {
  const document = {
    version: VERSION,
    images: sorted(images, sorted),
    files: sorted(files),
    git: sorted(git),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** `name`: for errors. @throws LOCK_INVALID */
export function decodeLock(text: string, name: string): LockDocument {
  try {
    const top = new ObjectReader(parseJson(text, name), name);
    if (top.optionalNumber('version') !== VERSION) top.refuse('version', `${VERSION}`);
    for (const key of top.keys()) {
      if (!['version', 'images', 'files', 'git'].includes(key)) {
        top.refuse(key, 'left out: it is not known here');
      }
    }
    return {
      images: mapped(top.optionalObject('images'), (images, reference) =>
        mapped(images.object(reference), digestIn),
      ),
      files: mapped(top.optionalObject('files'), digestIn),
      git: mapped(top.optionalObject('git'), commitIn),
    };
  } catch (cause) {
    if (!isSlipwayError(cause, 'JSON_INVALID')) throw cause;
    throw new SlipwayError('LOCK_INVALID', `failed to read lock file: ${cause.message}`, {
      hint: `after a merge take either side and run "slipway build --lock"; else remove ${name} and lock again`,
      cause,
    });
  }
}

function digestIn(reader: ObjectReader, key: string): Digest {
  const text = reader.string(key);
  return isDigest(text) ? text : reader.refuse(key, 'a digest');
}

function commitIn(reader: ObjectReader, key: string): string {
  const text = reader.string(key);
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
    ? text
    : reader.refuse(key, 'the whole name of a commit');
}

function mapped<T>(
  reader: ObjectReader | undefined,
  read: (reader: ObjectReader, key: string) => T,
): Readonly<Record<string, T>> {
  if (!reader) return {};
  return Object.fromEntries(reader.keys().map((key) => [key, read(reader, key)]));
}

function sorted<T, R = T>(
  record: Readonly<Record<string, T>>,
  value?: (item: T) => R,
): Readonly<Record<string, T | R>> {
  const entries = Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, value ? value(item) : item]));
}
