/** Tars that no decent writer makes: every header exactly as asked for. */
import { BLOCK, encodeHeader, paddingOf, TYPE } from '#archive/tar-header.ts';

export interface RawEntry {
  readonly name: string;
  readonly type?: keyof typeof TYPE;
  /** Instead of a type: the character in the header. */
  readonly flag?: string;
  readonly content?: string | Buffer;
  readonly link?: string;
  readonly mode?: number;
  readonly mtime?: number;
  /** In the header; default: the length of the content. */
  readonly size?: number;
}

/** Latin1 names, owner 0:0; ended by two zero blocks. */
export function rawTar(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(encodeRaw), Buffer.alloc(2 * BLOCK)]);
}

function encodeRaw(entry: RawEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  const header = encodeHeader({
    name: entry.name,
    prefix: '',
    mode: entry.mode ?? (entry.type === 'directory' ? 0o755 : 0o644),
    uid: 0,
    gid: 0,
    size: entry.size ?? content.length,
    mtime: entry.mtime ?? 1_000_000_000,
    type: entry.flag ?? TYPE[entry.type ?? 'file'],
    linkName: entry.link ?? '',
    major: 0,
    minor: 0,
  });
  return Buffer.concat([header, content, Buffer.alloc(paddingOf(content.length))]);
}
