/**
 * Files by path, wherever they are packed: in a folder or in a tar (tar-files.ts). Readers of image
 * archives stand on this, so each format is understood once.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { FilePart } from '#core/repository.ts';
import { onDisk } from './disk-errors.ts';
import { type FileReadOptions, readFileChunks } from './file-read.ts';

export interface PackedFiles {
  /** For messages. */
  readonly name: string;
  /** Size of a regular file, links followed; undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** True when it is there more than once: readers would disagree about which one counts. */
  isRepeated?(path: string): boolean;
  /** Its bytes, unverified. The file must exist. */
  read(path: string, options?: FileReadOptions): AsyncIterable<Uint8Array>;
  /** Where its bytes lie; undefined when there is no such file, or it lies nowhere by itself. */
  partsOf(path: string): Promise<readonly FilePart[] | undefined>;
}

/** The files of a folder. */
export function folderFiles(folder: string): PackedFiles {
  const size = async (path: string): Promise<number | undefined> => {
    try {
      const stats = await onDisk(folder, () => stat(within(folder, path)));
      return stats.isFile() ? stats.size : undefined;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  };
  return {
    name: folder,
    size,
    read: (path, options) => readFileChunks(within(folder, path), options),
    async partsOf(path) {
      const length = await size(path);
      return length === undefined ? undefined : [{ path: within(folder, path), offset: 0, length }];
    },
  };
}

function within(folder: string, path: string): string {
  if (path.startsWith('/') || path.split('/').includes('..')) {
    throw new SlipwayError('ARCHIVE_INVALID', `${folder} refers to a file outside of it: ${path}`);
  }
  return join(folder, path);
}

/**
 * A whole small document; undefined when it is not there.
 * @throws ARCHIVE_INVALID when it is too large, or stands in the archive twice
 */
export async function readDocument(
  files: PackedFiles,
  path: string,
  sizeMax: number,
): Promise<Uint8Array | undefined> {
  const size = await files.size(path);
  if (size === undefined) return undefined;
  if (size > sizeMax) {
    throw new SlipwayError(
      'ARCHIVE_INVALID',
      `${files.name}: ${path} is too large (${size} bytes)`,
    );
  }
  if (files.isRepeated?.(path)) {
    throw new SlipwayError('ARCHIVE_INVALID', `${files.name}: ${path} stands in it twice`, {
      hint: 'two programs would read two different archives: save it again',
    });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
