/** `--volume`: folders and files of this machine in every RUN, at their places in the root. */
import { stat } from 'node:fs/promises';
import { displayBytes, toByteString } from '#core/bytes.ts';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { JsonValue } from '#core/json.ts';
import type { BuildVolume } from '#core/run-surroundings.ts';
import type { MountSpec } from '#core/runtime-spec.ts';
import type { MountPoints } from '#snapshot/snapshotter.ts';
import { onDisk } from '#store/disk-errors.ts';
import { type FileTree, joinPath, locateForWrite } from '../file-tree.ts';

export interface PlacedVolumes {
  readonly mounts: readonly MountSpec[];
  /** Places that the root lacks. */
  readonly missing: MountPoints;
}

/** `tree`: the root. @throws FILE_MISSING, PATH_NOT_DIRECTORY, LINK_LOOP, PERMISSION */
export async function placeVolumes(
  volumes: readonly BuildVolume[],
  tree: FileTree,
): Promise<PlacedVolumes> {
  const mounts: MountSpec[] = [];
  const folders: string[] = [];
  const files: string[] = [];
  for (const { source, target, readOnly } of volumes) {
    const isFolder = await isFolderAt(source);
    const { found, missing } = placeIn(tree, target);
    if (missing.length === 0 && (found.node.kind === 'directory') !== isFolder) throw unfit(target);
    let at = found.path;
    for (const [index, name] of missing.entries()) {
      at = joinPath(at, name);
      const isLast = index === missing.length - 1;
      (isLast && !isFolder ? files : folders).push(displayBytes(at));
    }
    const options = ['rbind', readOnly ? 'ro' : 'rw', 'nosuid', 'nodev'];
    mounts.push({ destination: `/${displayBytes(at)}`, type: 'bind', source, options });
  }
  return { mounts, missing: { folders: [...new Set(folders)], files: [...new Set(files)] } };
}

/** What is there is the user's own affair; that something is, and where, makes another step. */
export function volumesOperation(volumes: readonly BuildVolume[]): {
  readonly volumes?: JsonValue;
} {
  const places = volumes.map(({ target, readOnly }) => ({ target, readOnly }));
  return places.length === 0 ? {} : { volumes: places };
}

async function isFolderAt(source: string): Promise<boolean> {
  try {
    return (await onDisk(source, () => stat(source))).isDirectory();
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw cause;
    throw new SlipwayError('FILE_MISSING', `no such file or folder for --volume: ${source}`, {
      hint: 'make it, or check the path',
      cause,
      detail: { path: source },
    });
  }
}

function placeIn(tree: FileTree, target: string): ReturnType<typeof locateForWrite> {
  try {
    return locateForWrite(tree, toByteString(target));
  } catch (error) {
    throw isSlipwayError(error, 'PATH_NOT_DIRECTORY') ? unfit(target) : error;
  }
}

function unfit(target: string): SlipwayError {
  return new SlipwayError('PATH_NOT_DIRECTORY', `cannot mount a volume at ${target}`, {
    hint: 'a folder is mounted over a folder and a file over a file: choose another target',
  });
}
