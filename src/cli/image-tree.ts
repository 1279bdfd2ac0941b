/** `images --tree`: an image with its names, its platforms below it. Pure. */
import { shortId } from '#core/digest.ts';
import type { ImageSpace, ImageTree } from '#core/local-image.ts';
import { formatPlatform } from '#core/platform.ts';
import { familiarReference } from '#core/reference.ts';
import { humanSize } from './format.ts';
import type { NameTest } from './name-pattern.ts';

const SIZE_DIGITS = 3;
const GAP = '   ';

interface TreeLine {
  readonly name: string;
  readonly id: string;
  readonly disk: string;
  readonly content: string;
}

const HEADER: TreeLine = { name: 'IMAGE', id: 'ID', disk: 'DISK USAGE', content: 'CONTENT SIZE' };

export interface TreeOptions {
  /** Names that do not fit are left out, and images that have no other. */
  readonly names?: NameTest | undefined;
  readonly fullIds: boolean;
}

/** Lines with a newline each; sizes to the right, as docker has them. */
export function treeText(trees: readonly ImageTree[], options: TreeOptions): string {
  const lines = [HEADER, ...trees.flatMap((tree) => treeLines(tree, options))];
  const widths = {
    name: longest(lines.map(({ name }) => name)),
    id: longest(lines.map(({ id }) => id)),
    disk: longest(lines.map(({ disk }) => disk)),
    content: longest(lines.map(({ content }) => content)),
  };
  return lines
    .map(({ name, id, disk, content }) => {
      if (id === '' && disk === '') return `${name}\n`;
      const cells = [name.padEnd(widths.name), id.padEnd(widths.id), disk.padStart(widths.disk)];
      return `${[...cells, content.padStart(widths.content)].join(GAP)}\n`;
    })
    .join('');
}

function treeLines(tree: ImageTree, { names, fullIds }: TreeOptions): readonly TreeLine[] {
  const { tags, digests, imageId } = tree.image;
  const shown = names ? tags.filter(names) : tags;
  if (names && shown.length === 0 && !(tags.length === 0 && digests.some(names))) return [];
  const [first = '<untagged>', ...others] = shown.map(familiarReference);
  const idOf = (digest: ImageTree['image']['imageId']): string =>
    fullIds ? digest : shortId(digest);
  const platforms = tree.platforms.map((image, i) => ({
    ...sizes(image, image.isHere),
    name: `${i === tree.platforms.length - 1 ? '└─' : '├─'} ${formatPlatform(image.platform)}`,
    id: idOf(image.digest),
  }));
  return [
    { ...sizes(tree, true), name: first, id: idOf(imageId) },
    ...others.map((name) => ({ name, id: '', disk: '', content: '' })),
    ...platforms,
  ];
}

/** Of a platform that was never fetched, no sizes. */
function sizes({ diskBytes, contentBytes }: ImageSpace, isHere: boolean) {
  if (!isHere) return { disk: '-', content: '-' };
  return {
    disk: humanSize(diskBytes, SIZE_DIGITS),
    content: humanSize(contentBytes, SIZE_DIGITS),
  };
}

function longest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => [...text].length));
}
