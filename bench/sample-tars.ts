/** Tars of many equal files, for questions about layers. */
import { open } from 'node:fs/promises';
import { EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { TarWriter } from '#archive/tar-write.ts';
import { toByteString } from '#core/bytes.ts';

export interface SampleTar {
  readonly folders: number;
  readonly filesEach: number;
  readonly bytesEach: number;
  /** Before the names of the folders. */
  readonly prefix?: string;
}

/** Writes `folders × (1 + filesEach)` entries. */
export async function writeTar(path: string, sample: SampleTar): Promise<void> {
  const { folders, filesEach, bytesEach: size, prefix = 'folder' } = sample;
  await using file = await open(path, 'wx');
  const writer = new TarWriter((chunk) => file.writeFile(chunk));
  const shared = { uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };
  const content = Buffer.alloc(size, 'x');
  for (let i = 0; i < folders; i++) {
    const folder = toByteString(`${prefix}-${i}`);
    await writer.add({ entry: { ...shared, kind: 'directory', mode: 0o755, path: folder } });
    for (let j = 0; j < filesEach; j++) {
      const entry = { ...shared, kind: 'file' as const, mode: 0o644, size };
      const source = { entry: { ...entry, path: toByteString(`${folder}/file-${j}`) } };
      await writer.add({ ...source, content: () => [content] });
    }
  }
  await writer.finish();
}
