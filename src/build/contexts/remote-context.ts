/** A context that is elsewhere: a git repository, or an archive on a web server. */

import type { ByteString } from '#core/bytes.ts';
import { toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { originKey } from '../cache-key.ts';
import { planCopy } from '../copy-plan.ts';
import { EMPTY_TREE } from '../empty-tree.ts';
import type { FileTree } from '../file-tree.ts';
import { cleanParts } from '../file-tree.ts';
import { isHttpUrl, parseGitUrl } from '../git-url.ts';
import { archiveOf } from '../ops/add-archive.ts';
import { findFetched, keepFetched } from '../ops/fetched-layer.ts';
import { gitSource } from '../ops/git-source.ts';
import { httpSource, parseHttpUrl } from '../ops/http-source.ts';
import type { BuildSession } from '../session.ts';
import { stageTree } from '../stage-tree.ts';
import type { StageLayer } from '../state.ts';

/** A git context as a layer. `keepGitDir`: unless the URL says otherwise. */
export async function gitContext(
  session: BuildSession,
  text: string,
  options: { readonly keepGitDir: boolean },
): Promise<StageLayer> {
  const url = parseGitUrl(text.startsWith('github.com/') ? `https://${text}` : text);
  return await gitSource(session, { ...options, ...url });
}

/** A file that was downloaded, to be looked into. */
export async function httpContext(
  session: BuildSession,
  text: string,
): Promise<{ readonly layer: StageLayer; readonly open: () => Promise<OpenedFile> }> {
  const { layer, name } = await httpSource(session, { url: parseHttpUrl(text) });
  return {
    layer,
    open: async () => {
      const tree = await stageTree(session, { layers: [layer] });
      const [part] = cleanParts(toByteString(name));
      const node = part === undefined ? undefined : tree.child(tree.root, part);
      if (!node || part === undefined)
        throw new SlipwayError('INTERNAL', 'the downloaded file is not in its layer');
      const { seconds } = tree.entry(node, part).mtime;
      return {
        content: () => tree.content(node),
        // A file whose server tells none is of 1970.
        ...(seconds > 0 ? { lastModified: seconds } : {}),
        [Symbol.dispose]: () => tree[Symbol.dispose](),
      };
    },
  };
}

interface OpenedFile extends Disposable {
  /** Seconds. */
  readonly lastModified?: number;
  content(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** What is there as one layer: a commit's tree, or the content of an archive. @throws ARCHIVE_INVALID */
export async function remoteLayer(session: BuildSession, text: string): Promise<StageLayer> {
  if (!isHttpUrl(text)) return await gitContext(session, text, { keepGitDir: false });
  const { layer, open } = await httpContext(session, text);
  const key = originKey('unpacked', layer.diffId);
  const known = findFetched(session, key);
  if (known) return known.layer;
  using file = await open();
  await using stack = new AsyncDisposableStack();
  const tree = await archiveOf(session, file.content, stack);
  if (!tree) {
    throw new SlipwayError('ARCHIVE_INVALID', `${text} is no archive`, {
      hint: 'name a tar, compressed or not, or a git repository',
    });
  }
  const record = { keys: [key], description: `context ${text}` };
  return (await keepFetched(session, wholeTree(tree), record)).layer;
}

function wholeTree(tree: FileTree) {
  const path = '' as ByteString;
  const item = {
    kind: 'node',
    tree,
    at: { node: tree.root, path },
    name: path,
    unpacked: true,
  } as const;
  return planCopy({ items: [item], into: EMPTY_TREE, destination: path, isFolder: true });
}
