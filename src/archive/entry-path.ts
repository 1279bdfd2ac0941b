/**
 * Paths inside archives: from what a header says to the one form that Entry uses. Bytes, never
 * decoded. What a single name may look like is checked here too, for everyone who makes entries.
 */
import { type ByteString, displayBytes } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';

/** The longest name a Linux file system (and EROFS) takes, in bytes. */
export const NAME_BYTES_MAX = 255;
/** More than any kernel call takes, and still bounded. */
const PATH_BYTES_MAX = 32_768;

/**
 * Relative, without `.` parts and superfluous slashes: `/a//./b/` becomes `a/b`; the root is ''.
 * An absolute name means the same below the layer's root, as docker and GNU tar read it; `..` is
 * refused, because nobody means well with it.
 * @throws ENTRY_REFUSED for `..`, a NUL, a name over 255 bytes or a path over 32,768
 */
export function normalizeEntryPath(path: string): ByteString {
  const start = path.startsWith('./') ? 2 : 0;
  const inner = path.slice(start, path.endsWith('/') ? -1 : undefined);
  if (isNormal(inner)) return inner as ByteString;
  if (path.length > PATH_BYTES_MAX) refusePath(path, 'is too long');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    checkName(part, path);
    parts.push(part);
  }
  return parts.join('/') as ByteString;
}

/** The usual case without any allocation: short, and nothing that begins with a dot or a slash. */
function isNormal(path: string): boolean {
  if (path.length > NAME_BYTES_MAX || path.length === 0) return false;
  let previous = SLASH;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === 0 || (previous === SLASH && (code === SLASH || code === DOT))) return false;
    previous = code;
  }
  return previous !== SLASH;
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** @throws ENTRY_REFUSED unless `name` can be one file's name; `path` is for the message. */
export function checkName(name: string, path: string): void {
  if (name === '..') refusePath(path, 'leads out of the archive');
  if (name === '' || name === '.') refusePath(path, 'has an empty part');
  if (name.length > NAME_BYTES_MAX) refusePath(path, 'has a part longer than 255 bytes');
  if (name.includes('\0')) refusePath(path, 'contains a NUL byte');
  if (name.includes('/')) refusePath(path, 'has a slash in a name');
}

function refusePath(path: string, what: string): never {
  throw new SlipwayError('ENTRY_REFUSED', `archive entry ${displayPath(path)} ${what}`, {
    hint: 'archives with such names are refused; make it again without the entry',
    detail: { path: displayPath(path) },
  });
}

/** For messages: quoted, decoded, control characters escaped, cut at 200 characters. */
export function displayPath(path: string): string {
  const text = displayBytes(path as ByteString);
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** Splits at the last slash; the parent of a name at the top is ''. */
export function splitPath(path: ByteString): {
  readonly parent: ByteString;
  readonly name: ByteString;
} {
  const slash = path.lastIndexOf('/');
  return {
    parent: path.slice(0, Math.max(slash, 0)) as ByteString,
    name: path.slice(slash + 1) as ByteString,
  };
}
