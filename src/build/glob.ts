/** Source patterns of COPY and ADD: Go's filepath.Match, one path component at a time. */
import type { ByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { cleanParts, type FileTree, joinPath, type Located, locate } from './file-tree.ts';

/** True when a path has a character that filepath.Match treats specially. */
export function isPattern(path: string): boolean {
  return /[*?[\\]/.test(path);
}

/** Everything a pattern names, sorted by bytes; links in the middle are followed, the last is not. */
export function matchPaths(tree: FileTree, pattern: string): readonly Located[] {
  let found: Located[] = [{ node: tree.root, path: '' as ByteString }];
  for (const part of cleanParts(pattern)) {
    found = found.flatMap((parent) => matchChildren(tree, parent, part));
  }
  return found;
}

function matchChildren(tree: FileTree, parent: Located, part: ByteString): Located[] {
  const directory = locate(tree, parent.path, { followLast: true });
  if (directory?.node.kind !== 'directory') return [];
  const matcher = componentPattern(part);
  const children: Located[] = [];
  for (const name of tree.names(directory.node)) {
    const node = matcher.test(name) ? tree.child(directory.node, name) : undefined;
    if (node) children.push({ node, path: joinPath(directory.path, name) });
  }
  return children;
}

/** One component of a filepath.Match pattern as a regular expression. @throws DOCKERFILE_INVALID */
export function componentPattern(part: string): RegExp {
  let source = '';
  for (let i = 0; i < part.length; i += 1) {
    const character = part[i] ?? '';
    if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '[') {
      const end = classEnd(part, i);
      source += characterClass(part.slice(i + 1, end));
      i = end;
    } else if (character === '\\' && i + 1 < part.length) {
      i += 1;
      source += escapeLiteral(part[i] ?? '');
    } else source += escapeLiteral(character);
  }
  return new RegExp(`^${source}$`, 's');
}

/** The index of the `]` that closes the class opened at `start`. */
function classEnd(part: string, start: number): number {
  for (let i = start + 1; i < part.length; i += 1) {
    if (part[i] === '\\') i += 1;
    else if (part[i] === ']' && i > start + 1) return i;
  }
  throw new SlipwayError('DOCKERFILE_INVALID', `syntax error in pattern: ${part}`, {
    hint: 'close the [ with a ], or escape it with a backslash',
  });
}

function characterClass(body: string): string {
  const negated = body.startsWith('^');
  const items = (negated ? body.slice(1) : body).replace(
    /\\(.)|([\]^[])/gs,
    (_, escaped, special) => escapeInClass(escaped ?? special),
  );
  return `[${negated ? '^' : ''}${items}]`;
}

function escapeInClass(character: string): string {
  return /[\\\]^[-]/.test(character) ? `\\${character}` : character;
}

function escapeLiteral(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
}
