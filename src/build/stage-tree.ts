/** A stage's file system as a tree, and the questions COPY and RUN have about its users. */
import type { Entry } from '#archive/entry.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { createHasher, encodedOf } from '#core/digest.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { MergedTree, type TreeNode } from '#layer/merged-tree.ts';
import type { ContentPlace } from '#layer/pack-list.ts';
import { type ResolvedUser, resolveOwner, resolveUser } from '#runtime/user.ts';
import { makeFolderIn } from '#snapshot/make-folder.ts';
import type { Owner } from './copy-plan.ts';
import type { FileNode, FileTree } from './file-tree.ts';
import type { BuildSession } from './session.ts';
import type { StageState } from './state.ts';

/** The layers' files, inflated and indexed where they are not yet. */
export async function layerFilesOf(
  session: BuildSession,
  state: Pick<StageState, 'layers'>,
): Promise<readonly LayerFiles[]> {
  const { store, lease, signal } = session;
  const files: LayerFiles[] = [];
  for (const { descriptor, diffId } of state.layers) {
    files.push(await store.layers.ensure({ descriptor, diffId }, { lease, signal }));
  }
  return files;
}

/** The caller disposes it. */
export async function stageTree(
  session: BuildSession,
  state: Pick<StageState, 'layers'>,
): Promise<StageTree> {
  return new StageTree('stage', await layerFilesOf(session, state));
}

export class StageTree implements FileTree, Disposable {
  readonly name: string;
  readonly #tree: MergedTree;

  constructor(name: string, layers: readonly LayerFiles[]) {
    this.name = name;
    this.#tree = MergedTree.open(layers);
  }

  [Symbol.dispose](): void {
    this.#tree[Symbol.dispose]();
  }

  get root(): FileNode {
    return this.#tree.root;
  }

  child(directory: FileNode, name: ByteString): FileNode | undefined {
    return this.#tree.child(own(directory), name);
  }

  names(directory: FileNode): readonly ByteString[] {
    return this.#tree.list(own(directory)).map(({ name }) => name);
  }

  entry(node: FileNode, path: ByteString): Entry {
    return this.#tree.entry(own(node), path);
  }

  content(node: FileNode): Iterable<Uint8Array> {
    return this.#tree.read(own(node));
  }

  async contentSha256(node: FileNode): Promise<string> {
    const hasher = createHasher();
    for (const chunk of this.content(node)) hasher.update(chunk);
    return encodedOf(hasher.digest());
  }

  /** In the tar of its layer, unless it is in pieces. */
  place(node: FileNode): ContentPlace | undefined {
    const part = this.#tree.contiguous(own(node));
    return part && { kind: 'part', ...part };
  }

  /** USER's text to ids, by the image's passwd and group. @throws USER_UNKNOWN */
  user(text: string): ResolvedUser {
    return resolveUser(text, this.#accounts());
  }

  /** `--chown`'s text to ids. */
  owner(text: string): Owner {
    return resolveOwner(text, this.#accounts());
  }

  /** Makes a folder that is missing, in the upper folder of a root over these layers. */
  makeFolder(upper: string, path: string): void {
    makeFolderIn(upper, { tree: this.#tree, path });
  }

  #accounts(): { readonly passwd: string; readonly group: string } {
    return {
      passwd: this.#tree.readText(toByteString('etc/passwd')) ?? '',
      group: this.#tree.readText(toByteString('etc/group')) ?? '',
    };
  }
}

function own(node: FileNode): TreeNode {
  // Nodes of this class's trees come from MergedTree, which checks that they are its own.
  return node as TreeNode;
}
