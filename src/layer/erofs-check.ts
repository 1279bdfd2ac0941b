/**
 * The fsck of layer indexes: what a lookup does not notice, because it never sees the whole image.
 * For tests and for repairing a store; reading needs none of it, since the reader checks what it uses.
 */
import { damaged, ErofsImage, type Inode } from './erofs-read.ts';

/**
 * Reads a whole image: every inode once, every name, link count, chunk and attribute.
 * @throws INDEX_INVALID with what is wrong
 */
export function checkImage(bytes: Uint8Array): void {
  const image = new ErofsImage(bytes);
  const links = new Map<number, number>();
  const parents = new Map<number, number>([[image.root.nid, image.root.nid]]);
  const queue: Inode[] = [image.root];
  for (let inode = queue.pop(); inode !== undefined; inode = queue.pop()) {
    image.xattrs(inode);
    if (inode.kind === 'file') image.data(inode);
    if (inode.kind === 'symlink') image.target(inode);
    if (inode.kind !== 'directory') continue;
    const { self, parent } = image.dots(inode);
    if (self !== inode.nid || parent !== parents.get(inode.nid)) {
      throw damaged('a directory does not hold itself and its parent', inode.nid);
    }
    let expected = 2;
    for (const record of image.list(inode)) {
      const child = image.inode(record.nid);
      if (child.kind !== record.kind) throw damaged('a name is of the wrong kind', record.nid);
      if (child.kind === 'directory') {
        if (parents.has(child.nid)) throw damaged('a directory has two parents', child.nid);
        parents.set(child.nid, inode.nid);
        expected++;
        queue.push(child);
      } else {
        if (!links.has(child.nid)) queue.push(child);
        links.set(child.nid, (links.get(child.nid) ?? 0) + 1);
      }
    }
    if (inode.links !== expected) throw damaged('a link count is wrong', inode.nid);
  }
  for (const [nid, count] of links) {
    if (image.inode(nid).links !== count) throw damaged('a link count is wrong', nid);
  }
  if (links.size + parents.size !== image.inodes) throw damaged('its number of inodes is wrong');
}
