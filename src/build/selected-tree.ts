/**
 * A folder of a tree with only some of what is in it: `--exclude` leaves paths out, `--parents` takes
 * some in. A folder that is not selected itself is there while something below it is. Paths are
 * relative to the folder, patterns are those of .dockerignore.
 */
import type { Entry } from '#archive/entry.ts';
import { assert } from '#core/assert.ts';
import { type ByteString, displayBytes } from '#core/bytes.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { type FileNode, type FileTree, joinPath } from './file-tree.ts';

export interface Selection {
  /** Only what it matches, and what is below that; absent: all. */
  readonly include?: IgnoreMatcher;
  readonly exclude?: IgnoreMatcher;
}

/** The folder `directory` of `tree` as a tree of its own. */
export function selectedTree(tree: FileTree, directory: FileNode, selection: Selection): FileTree {
  assert(directory.kind === 'directory', 'only what is in a folder can be selected');
  return new SelectedTree(tree, directory, selection);
}

/** Whether the selection has this path, as far as it is one of its own. */
export function isSelected({ include, exclude }: Selection, path: ByteString): boolean {
  const text = displayBytes(path);
  return (include?.ignores(text) ?? true) && !exclude?.ignores(text);
}

interface SelectedNode extends FileNode {
  readonly inner: FileNode;
  readonly path: ByteString;
  children?: ReadonlyMap<ByteString, SelectedNode>;
}

class SelectedTree implements FileTree {
  readonly root: SelectedNode;
  readonly #tree: FileTree;
  readonly #selection: Selection;

  constructor(tree: FileTree, directory: FileNode, selection: Selection) {
    this.#tree = tree;
    this.#selection = selection;
    this.root = { kind: 'directory', inner: directory, path: '' as ByteString };
  }

  get name(): string {
    return this.#tree.name;
  }

  child(directory: FileNode, name: ByteString): FileNode | undefined {
    return this.#children(own(directory)).get(name);
  }

  names(directory: FileNode): readonly ByteString[] {
    return [...this.#children(own(directory)).keys()];
  }

  entry(node: FileNode, path: ByteString): Entry {
    return this.#tree.entry(own(node).inner, path);
  }

  content(node: FileNode): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    return this.#tree.content(own(node).inner);
  }

  async prepare(nodes: readonly FileNode[]): Promise<void> {
    await this.#tree.prepare?.(nodes.map((node) => own(node).inner));
  }

  contentSha256(node: FileNode): string | Promise<string> {
    return this.#tree.contentSha256(own(node).inner);
  }

  #children(directory: SelectedNode): ReadonlyMap<ByteString, SelectedNode> {
    directory.children ??= this.#read(directory);
    return directory.children;
  }

  #read({ inner, path }: SelectedNode): ReadonlyMap<ByteString, SelectedNode> {
    const children = new Map<ByteString, SelectedNode>();
    for (const name of this.#tree.names(inner)) {
      const child = this.#tree.child(inner, name);
      if (!child) continue;
      const { kind, identity } = child;
      const at = joinPath(path, name);
      const node = {
        kind,
        inner: child,
        path: at,
        ...(identity === undefined ? {} : { identity }),
      };
      if (isSelected(this.#selection, at) || this.#hasSelected(node)) children.set(name, node);
    }
    return children;
  }

  #hasSelected(node: SelectedNode): boolean {
    if (node.kind !== 'directory') return false;
    const { exclude } = this.#selection;
    // Nothing below can be taken back in: not read at all.
    if (exclude && !exclude.mayContainIncluded(displayBytes(node.path))) return false;
    return this.#children(node).size > 0;
  }
}

function own(node: FileNode): SelectedNode {
  assert('inner' in node, 'a node of this tree');
  return node as SelectedNode;
}
