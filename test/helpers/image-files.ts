/** What an image of an engine holds, in the lines of the build cases. */
import { join } from 'node:path';
import { listTar } from '#test/helpers/build-case.ts';
import type { EngineFixture } from '#test/helpers/engine.ts';

export async function imageFiles(
  { engine, folder }: Pick<EngineFixture, 'engine' | 'folder'>,
  image: string,
  options: { readonly times?: boolean } = {},
): Promise<readonly string[]> {
  const tar = join(folder, 'image.tar');
  await engine.export(image, tar);
  return (await listTar(tar, options)).trimEnd().split('\n');
}
