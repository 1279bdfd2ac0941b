/** WORKDIR's layer: the folder, where it is missing. */
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { writeLayer } from '#layer/layer-writer.ts';
import { cleanParts, joinPath, locate, locateForWrite } from '../file-tree.ts';
import type { WrittenLayer } from '../layer-step.ts';
import type { BuildSession } from '../session.ts';
import { type StageTree, stageTree } from '../stage-tree.ts';
import type { StageState } from '../state.ts';

/** An existing folder is left alone (the layer is then empty); a new one is 0755 and the USER's. */
export async function workdirOp(
  session: BuildSession,
  state: StageState,
  path: string,
): Promise<WrittenLayer> {
  using tree = await stageTree(session, state);
  const entries = [...missingFolders(tree, path, state.config.User ?? '')];
  const { store, lease } = session;
  await using ingest = await store.blobs(lease).ingest();
  const { diffId, size, index } = await writeLayer(entries, ingest);
  await store.layers.addIndex(diffId, index);
  return { diffId, size, newest: EPOCH.seconds };
}

/** The parents as they are, then the new folders. */
function* missingFolders(tree: StageTree, path: string, user: string): Iterable<EntrySource> {
  const wanted = cleanParts(toByteString(path)).join('/') as ByteString;
  const { found, missing } = placeOf(tree, wanted);
  if (found.node.kind !== 'directory') throw notFolder(wanted);
  if (missing.length === 0) return;
  let at = '' as ByteString;
  for (const part of cleanParts(found.path)) {
    at = joinPath(at, part);
    const existing = locate(tree, at, { followLast: false });
    if (existing) yield { entry: tree.entry(existing.node, at) };
  }
  // As for --chown: a name the image does not know is 0, and a number is the group as well.
  const { uid, gid } = user === '' ? { uid: 0, gid: 0 } : tree.owner(user);
  for (const part of missing) {
    at = joinPath(at, part);
    yield {
      entry: {
        kind: 'directory',
        path: at,
        mode: 0o755,
        uid,
        gid,
        mtime: EPOCH,
        xattrs: NO_XATTRS,
      },
    };
  }
}

/** Told as a folder that cannot be made, not as a copy. */
function placeOf(tree: StageTree, wanted: ByteString): ReturnType<typeof locateForWrite> {
  try {
    return locateForWrite(tree, wanted);
  } catch (error) {
    throw isSlipwayError(error, 'PATH_NOT_DIRECTORY') ? notFolder(wanted) : error;
  }
}

function notFolder(path: ByteString): SlipwayError {
  return new SlipwayError('PATH_NOT_DIRECTORY', `mkdir /${displayBytes(path)}: not a directory`, {
    hint: 'a file is there; choose another WORKDIR, or remove the file in an earlier RUN',
  });
}
