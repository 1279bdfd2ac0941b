/** `--output type=local` and `type=tar`: the files of the finished stage, no image. */

import type { BuildOutput } from '#core/build-output.ts';
import type { ByteString } from '#core/bytes.ts';
import { copyTree } from '#image/copy-out.ts';
import { writeTar } from '#image/export.ts';
import { writeOutput } from '#image/output-file.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { treeEntries } from '#layer/tree-entries.ts';
import type { BuildSession } from '../session.ts';
import { layerFilesOf } from '../stage-tree.ts';
import type { StageState } from '../state.ts';
import { makeOutputFolder } from './output-folder.ts';

type TarOutput = Extract<BuildOutput, { readonly kind: 'tar' }>;
type LocalOutput = Extract<BuildOutput, { readonly kind: 'local' }>;

const ROOT = '' as ByteString;

export async function writeTarOutput(
  session: BuildSession,
  output: TarOutput,
  state: StageState,
): Promise<void> {
  const { signal } = session;
  await session.vertices.run('exporting to client tarball', async (vertex) => {
    using tree = MergedTree.open(await layerFilesOf(session, state));
    const entries = treeEntries(tree, { node: tree.root, path: ROOT }, ROOT);
    await writeOutput(output.destination, {
      write: (sink) => writeTar(entries, { sink, signal }),
      signal,
    });
    vertex.status('sending tarball', { done: true });
  });
}

/** Owned by the caller, as docker's are: what cannot be made on this machine is told, not made. */
export async function writeFilesOutput(
  session: BuildSession,
  output: LocalOutput,
  state: StageState,
): Promise<void> {
  const { destination: folder } = output;
  await session.vertices.run('exporting to client directory', async (vertex) => {
    await makeOutputFolder(folder);
    using tree = MergedTree.open(await layerFilesOf(session, state));
    const start = { node: tree.root, path: ROOT };
    const warnings = await copyTree(tree, start, {
      folder,
      as: ROOT,
      keepOwner: false,
      signal: session.signal,
    });
    for (const text of warnings) session.vertices.note('warning', text);
    vertex.status(`copying files to ${folder}`, { done: true });
  });
}
