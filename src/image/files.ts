/** Files of an image, looked at one by one: `image ls-files` and `image cat`. */
import { displayPath } from '#archive/entry-path.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ImageFile } from '#core/image-files.ts';
import type { MergedTree } from '#layer/merged-tree.ts';
import { type Place, walkTree } from '#layer/tree-entries.ts';
import { writeOutput } from './output-file.ts';
import { type LookOptions, type OpenedRoot, openRoot } from './root-tree.ts';

export interface ListFilesOptions extends LookOptions {
  /** Where to begin; symlinks are followed. Default: the root. */
  readonly path?: string;
  /** How many levels below it; default all. */
  readonly depthMax?: number;
}

/** The file at `path`, or all that is below it where that is a directory; sorted by path, as bytes.
 * @throws IMAGE_UNKNOWN, PATH_UNKNOWN, LINK_LOOP */
export async function listFiles(
  image: string,
  options: ListFilesOptions,
): Promise<readonly ImageFile[]> {
  await using root = await openRoot(image, options);
  const start = placeOf(root.tree, { path: options.path ?? '/', image });
  const files: ImageFile[] = [];
  for (const place of walkTree(root.tree, start, options)) {
    if (place.node !== start.node || start.node.kind !== 'directory') {
      files.push(fileAt(root, place));
    }
  }
  return files;
}

function fileAt({ tree, layers }: OpenedRoot, { node, path }: Place): ImageFile {
  const entry = tree.entry(node, path);
  const layerId = node.layer === undefined ? undefined : layers[node.layer]?.diffId;
  return {
    path: absolute(path),
    kind: node.kind,
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    size: node.kind === 'file' ? node.size : 0,
    mtimeSeconds: node.mtime.seconds,
    ...(entry.kind === 'symlink' ? { target: entry.target } : {}),
    ...(entry.kind === 'char' || entry.kind === 'block'
      ? { device: { major: entry.major, minor: entry.minor } }
      : {}),
    ...(node.layer === undefined ? {} : { layer: node.layer + 1 }),
    ...(layerId === undefined ? {} : { layerId }),
  };
}

/** Entry's form with a slash in front. */
export function absolute(path: ByteString): ByteString {
  return `/${path}` as ByteString;
}

export interface ReadFileOptions extends LookOptions {
  readonly path: string;
  /** Not ended. */
  readonly output: NodeJS.WritableStream;
}

/**
 * The content of a file; symlinks are followed inside the image.
 * @throws IMAGE_UNKNOWN, PATH_UNKNOWN, LINK_LOOP; FILE_UNUSABLE for what is no regular file
 */
export async function readImageFile(image: string, options: ReadFileOptions): Promise<void> {
  const { path, output, signal } = options;
  await using root = await openRoot(image, options);
  const { node } = placeOf(root.tree, { path, image });
  if (node.kind !== 'file') {
    const what = node.kind === 'directory' ? 'Is a directory' : 'Not a regular file';
    throw new SlipwayError('FILE_UNUSABLE', `${path}: ${what}`, {
      hint: '"slipway image ls-files" lists what is in a folder, "slipway image cp" copies anything',
      detail: { path, kind: node.kind },
    });
  }
  await writeOutput(output, {
    write: async (sink) => {
      for (const chunk of root.tree.read(node)) await sink(chunk);
    },
    ...(signal ? { signal } : {}),
  });
}

/**
 * What a path of a user leads to. @throws PATH_UNKNOWN in docker's words, LINK_LOOP
 */
export function placeOf(
  tree: MergedTree,
  wanted: { readonly path: string; readonly image: string; readonly followLast?: boolean },
): Place {
  const { path, image, followLast = true } = wanted;
  const bytes = toByteString(path);
  const found = tree.resolve(bytes, { followLast });
  if (found) return found;
  throw new SlipwayError('PATH_UNKNOWN', `Could not find the file ${path} in image ${image}`, {
    hint: `"slipway image ls-files ${image}" lists what is there`,
    detail: { path: displayPath(bytes), image },
  });
}
