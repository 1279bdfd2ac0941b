/**
 * Where in a root the mounts of a RUN go, and which of these places the image lacks. What is missing
 * is there before the container starts and never gets into a layer (ADR 5).
 */
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { MountPoints } from '#snapshot/snapshotter.ts';
import { type FileTree, joinPath, locate, locateForWrite } from '../file-tree.ts';
import type { BuildSession } from '../session.ts';
import { withPlace } from '../step-error.ts';
import type { RequestedMount } from './requested.ts';

export interface FoundPoints {
  /** Of each mount that there will be: its real path, all links followed, with a leading slash. */
  readonly real: ReadonlyMap<RequestedMount, string>;
  readonly missing: MountPoints;
}

/** `tree`: the root. @throws PATH_NOT_DIRECTORY, LINK_LOOP */
export async function findMountPoints(
  session: Pick<BuildSession, 'secrets' | 'agents'>,
  requested: readonly RequestedMount[],
  tree: FileTree,
): Promise<FoundPoints> {
  const real = new Map<RequestedMount, string>();
  const folders = new Set<string>();
  const files = new Set<string>();
  for (const request of requested) {
    const { path } = request;
    if (path === undefined || !isGiven(session, request)) continue;
    const isFolder = await mountsFolder(request);
    const { found, missing } = placeIn(tree, request, isFolder);
    let at = found.path;
    for (const [index, name] of missing.entries()) {
      at = joinPath(at, name);
      const isLast = index === missing.length - 1;
      (isLast && !isFolder ? files : folders).add(displayBytes(at));
    }
    real.set(request, `/${displayBytes(at)}`);
  }
  return { real, missing: { folders: [...folders], files: [...files] } };
}

/** A secret or agent that nobody gave, and the step does not need, is not mounted. */
function isGiven(
  { secrets, agents }: Pick<BuildSession, 'secrets' | 'agents'>,
  { mount }: RequestedMount,
): boolean {
  if (mount.type === 'secret') return secrets.read(mount.id) !== undefined;
  return mount.type !== 'ssh' || agents[mount.id] !== undefined;
}

async function mountsFolder({ mount, files }: RequestedMount): Promise<boolean> {
  if (mount.type === 'secret' || mount.type === 'ssh') return false;
  if (mount.type !== 'bind' || !files) return true;
  using tree = await files.origin.open();
  const source = locate(tree, toByteString(files.source), { followLast: true });
  // One that is missing is told by who looks for its files.
  return source?.node.kind === 'directory' || source === undefined;
}

function placeIn(
  tree: FileTree,
  request: RequestedMount,
  isFolder: boolean,
): ReturnType<typeof locateForWrite> {
  try {
    const place = locateForWrite(tree, toByteString(request.path ?? '') as ByteString);
    const isThere = place.missing.length === 0;
    const fits = (place.found.node.kind === 'directory') === isFolder;
    if (!isThere || fits) return place;
    throw unfit(request, isFolder);
  } catch (error) {
    if (isSlipwayError(error, 'PATH_NOT_DIRECTORY') && error.detail.range === undefined) {
      throw unfit(request, true);
    }
    throw error;
  }
}

function unfit({ path = '', operand, dockerfile }: RequestedMount, isFolder: boolean): unknown {
  const problem = isFolder ? 'not a directory' : 'is a directory';
  const error = new SlipwayError('PATH_NOT_DIRECTORY', `cannot mount at ${path}: ${problem}`, {
    hint: 'a folder is mounted over a folder and a file over a file: choose another target',
  });
  return withPlace(error, dockerfile, operand);
}
