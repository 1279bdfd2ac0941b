/**
 * `image analyze`: what the layers of an image cost and how much of it nobody can see, because a later
 * layer overwrote or deleted it. Counted in bytes of file content, from the indexes alone.
 */
import type { ByteString } from '#core/bytes.ts';
import type { AnalyzedLayer, ImageAnalysis, WastedFile } from '#core/image-files.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { type LayerName, listLayer } from '#layer/layer-listing.ts';
import { walkTree } from '#layer/tree-entries.ts';
import { absolute } from './files.ts';
import { layerSizes } from './layer-sizes.ts';
import { type LookOptions, type OpenedRoot, openRoot } from './root-tree.ts';

/** @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS */
export async function analyzeImage(image: string, options: LookOptions): Promise<ImageAnalysis> {
  await using root = await openRoot(image, options);
  const visible = visibleFiles(root);
  const sizes = layerSizes(root.image);
  const wasted = new Map<ByteString, WastedFile>();
  const layers: AnalyzedLayer[] = [];
  for (const [i, size] of sizes.entries()) {
    const files = root.layers[i];
    if (!files) throw new Error('invariant broken: an image with fewer layers than it lists');
    layers.push({ ...size, ...countLayer(files, { index: i, visible, wasted }) });
  }
  const totalBytes = sum(layers.map(({ fileBytes }) => fileBytes));
  const wastedBytes = sum(layers.map((layer) => layer.wastedBytes));
  return {
    imageId: root.image.imageId,
    layers,
    totalBytes,
    wastedBytes,
    efficiency: totalBytes === 0 ? 1 : (totalBytes - wastedBytes) / totalBytes,
    wasted: [...wasted.values()].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)),
  };
}

interface Visible {
  /** What is seen of each layer, as `layer:nid`. */
  readonly identities: ReadonlySet<string>;
  readonly paths: ReadonlySet<ByteString>;
}

function visibleFiles({ tree }: OpenedRoot): Visible {
  const identities = new Set<string>();
  const paths = new Set<ByteString>();
  for (const { node, path } of walkTree(tree, { node: tree.root, path: '' as ByteString })) {
    paths.add(path);
    if (node.kind === 'file') identities.add(node.identity);
  }
  return { identities, paths };
}

interface Counting {
  readonly index: number;
  readonly visible: Visible;
  /** Hidden files by path, added to. */
  readonly wasted: Map<ByteString, WastedFile>;
}

function countLayer(
  files: LayerFiles,
  counting: Counting,
): Pick<AnalyzedLayer, 'files' | 'fileBytes' | 'wastedBytes' | 'deletions'> {
  const seen = new Set<number>();
  let [count, fileBytes, wastedBytes, deletions] = [0, 0, 0, 0];
  for (const name of listLayer(files)) {
    if (name.kind === 'whiteout') deletions++;
    if (name.kind !== 'file') continue;
    count++;
    if (seen.has(name.nid)) continue;
    seen.add(name.nid);
    fileBytes += name.size;
    if (counting.visible.identities.has(`${counting.index}:${name.nid}`)) continue;
    wastedBytes += name.size;
    if (name.size > 0) addWasted(name, counting);
  }
  return { files: count, fileBytes, wastedBytes, deletions };
}

function addWasted({ path, size }: LayerName, { index, visible, wasted }: Counting): void {
  const known = wasted.get(path);
  wasted.set(path, {
    path: absolute(path),
    bytes: (known?.bytes ?? 0) + size,
    copies: (known?.copies ?? 0) + 1,
    fate: visible.paths.has(path) ? 'overwritten' : 'deleted',
    layers: [...(known?.layers ?? []), index + 1],
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
