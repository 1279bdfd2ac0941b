/** A tree of nothing: what `--link` and fetched files are put into. */
import { NO_XATTRS } from '#archive/entry.ts';
import type { FileTree } from './file-tree.ts';

const ROOT = { kind: 'directory' } as const;

export const EMPTY_TREE: FileTree = {
  name: 'empty tree',
  root: ROOT,
  child: () => undefined,
  names: () => [],
  entry: (_, path) => ({
    ...{ kind: 'directory', path, mode: 0o755, uid: 0, gid: 0 },
    mtime: { seconds: 0, nanoseconds: 0 },
    xattrs: NO_XATTRS,
  }),
  content: () => [],
  contentSha256: async () => '',
};
