/**
 * `--output type=local` and `type=tar`: the files of the finished stages, no image. Several platforms
 * have a folder each, `linux_arm64`, unless they are told to share one.
 */

import type { EntrySource } from '#archive/entry.ts';
import type { BuildOutput, FilesFormat } from '#core/build-output.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { formatPlatform } from '#core/platform.ts';
import { copyTree } from '#image/copy-out.ts';
import { writeTar } from '#image/export.ts';
import { writeOutput } from '#image/output-file.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { treeEntries } from '#layer/tree-entries.ts';
import type { BuiltTarget } from '../build-stages.ts';
import type { BuildSession } from '../session.ts';
import { layerFilesOf } from '../stage-tree.ts';
import type { OutputContext } from './output.ts';
import { makeOutputFolder } from './output-folder.ts';

type TarOutput = Extract<BuildOutput, { readonly kind: 'tar' }>;
type LocalOutput = Extract<BuildOutput, { readonly kind: 'local' }>;

const ROOT = '' as ByteString;

export async function writeTarOutput(
  session: BuildSession,
  output: TarOutput,
  context: OutputContext,
): Promise<void> {
  const { signal } = session;
  await session.vertices.run('exporting to client tarball', async (vertex) => {
    using stack = new DisposableStack();
    const trees: (readonly [MergedTree, string])[] = [];
    for (const target of context.targets) {
      const tree = stack.use(MergedTree.open(await layerFilesOf(session, target.state)));
      trees.push([tree, folderOf(target, output, context)]);
    }
    await writeOutput(output.destination, {
      write: (sink) => writeTar(entriesOf(trees), { sink, signal }),
      signal,
    });
    vertex.status('sending tarball', { done: true });
  });
}

function* entriesOf(trees: readonly (readonly [MergedTree, string])[]): Generator<EntrySource> {
  for (const [tree, folder] of trees) {
    const as = toByteString(folder);
    yield* treeEntries(tree, { node: tree.root, path: ROOT }, as);
  }
}

/** Owned by the caller, as docker's are: what cannot be made on this machine is told, not made. */
export async function writeFilesOutput(
  session: BuildSession,
  output: LocalOutput,
  context: OutputContext,
): Promise<void> {
  const { destination: folder, deletesOthers = false } = output;
  await session.vertices.run('exporting to client directory', async (vertex) => {
    await makeOutputFolder(folder);
    using stack = new DisposableStack();
    const trees: (readonly [MergedTree, string])[] = [];
    for (const target of context.targets) {
      const tree = stack.use(MergedTree.open(await layerFilesOf(session, target.state)));
      trees.push([tree, folderOf(target, output, context)]);
    }
    if (deletesOthers) {
      const { clearFolder } = await import('./clear-folder.ts');
      await clearFolder(folder, trees, session.signal);
    }
    for (const [tree, below] of trees) {
      const warnings = await copyTree(
        tree,
        { node: tree.root, path: ROOT },
        { folder, as: toByteString(below), keepOwner: false, signal: session.signal },
      );
      for (const text of warnings) session.vertices.note('warning', text);
    }
    vertex.status(`copying files to ${folder}`, { done: true });
  });
}

/** Empty: the output itself. */
function folderOf(
  { platform }: BuiltTarget,
  { platformSplit }: FilesFormat,
  { targets }: OutputContext,
): string {
  const isSplit = platformSplit ?? targets.length > 1;
  return isSplit ? formatPlatform(platform).replaceAll('/', '_') : '';
}
