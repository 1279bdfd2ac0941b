/** Files of an image as lines and as the fields of `--format`. Pure. */
import { type ByteString, displayBytes } from '#core/bytes.ts';
import type { FileKind, ImageFile } from '#core/image-files.ts';
import { type RowKind, rowOf } from './rows.ts';
import type { Struct } from './template/values.ts';

/** For listings with `--format`. */
export const FILE_ROWS: RowKind = {
  subject: 'file',
  headings: {
    Path: 'PATH',
    Type: 'TYPE',
    Mode: 'MODE',
    UID: 'UID',
    GID: 'GID',
    Size: 'SIZE',
    ModTime: 'MODIFIED',
    LinkTarget: 'TARGET',
    Layer: 'LAYER',
    LayerID: 'LAYER ID',
  },
  columns: ['Mode', 'UID', 'GID', 'Size', 'Path'],
};

/** The fields of `--format`; a name that is no UTF-8 shows with replacement characters. */
export function fileRow(file: ImageFile): Struct {
  return rowOf({
    Path: displayBytes(file.path),
    Type: file.kind,
    // As chmod takes it.
    Mode: file.mode.toString(8).padStart(4, '0'),
    UID: file.uid,
    GID: file.gid,
    Size: file.size,
    ModTime: timeText(file.mtimeSeconds),
    LinkTarget: file.target === undefined ? '' : displayBytes(file.target),
    Layer: file.layer ?? 0,
    LayerID: file.layerId ?? '',
  });
}

export interface LineOptions {
  readonly long: boolean;
  /** The layer in front of the path. */
  readonly layer: boolean;
  /** Safe to show: a hostile name cannot steer a terminal. Else the bytes as they are. */
  readonly escape: boolean;
}

/** One line a file, columns aligned, as `ls -ln` has them; bytes, one a character. */
export function fileLines(
  files: readonly ImageFile[],
  options: LineOptions,
): readonly ByteString[] {
  const cells = files.map((file) => [
    ...(options.layer ? [String(file.layer ?? '-')] : []),
    ...(options.long ? longCells(file) : []),
  ]);
  const widths = (cells[0] ?? []).map((_, i) => maxWidth(cells, i));
  return files.map((file, row) => {
    const columns = (cells[row] ?? []).map((cell, i) => cell.padStart(widths[i] ?? 0));
    const arrow = options.long && file.target !== undefined ? ` -> ${file.target}` : '';
    const shown = `${file.path}${arrow}` as ByteString;
    const path = options.escape ? escaped(shown) : shown;
    // Everything in front is ASCII.
    return [...columns, path].join(' ') as ByteString;
  });
}

function maxWidth(cells: readonly (readonly string[])[], column: number): number {
  return cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0);
}

function longCells(file: ImageFile): string[] {
  const size = file.device ? `${file.device.major}, ${file.device.minor}` : String(file.size);
  const time = timeText(file.mtimeSeconds).replace('T', ' ').slice(0, 16);
  return [modeText(file), String(file.uid), String(file.gid), size, time];
}

/** Years of more than four digits exist in hostile archives only; there is no date for them. */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '-' : date.toISOString();
}

const LETTERS: Readonly<Record<FileKind, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  char: 'c',
  block: 'b',
  fifo: 'p',
};

/** `drwxr-sr-t`, as ls. */
export function modeText({ kind, mode }: Pick<ImageFile, 'kind' | 'mode'>): string {
  const bits = [...'rwxrwxrwx'].map((letter, i) => (mode & (0o400 >> i) ? letter : '-'));
  const special = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const;
  for (const [bit, at, letter] of special) {
    if (mode & bit) bits[at] = bits[at] === 'x' ? letter : letter.toUpperCase();
  }
  return LETTERS[kind] + bits.join('');
}

/** Control characters as `\x1b`, a backslash doubled; what is no UTF-8 as `\xff`. */
export function escaped(text: ByteString): ByteString {
  const decoded = displayBytes(text);
  const isText = Buffer.from(decoded, 'utf8').toString('latin1') === text;
  const source = isText ? decoded : text;
  const risky = isText ? /[\p{Cc}\p{Cf}\\]/gu : /[^ -~]|\\/g;
  const safe = source.replace(risky, (c) => {
    if (c === '\\') return '\\\\';
    const code = c.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
  return Buffer.from(safe, 'utf8').toString('latin1') as ByteString;
}
