/**
 * Text made fit for one line of a terminal: no control characters, and cut by the columns it takes
 * rather than by its length. Ambiguous characters count as narrow. Pure.
 */
import { stripVTControlCharacters } from 'node:util';

/** Blocks whose characters take two columns (Unicode TR11, W and F, in large pieces). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** Marks that stand on the character before them, and joiners. */
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** The columns that a text without control characters takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** What a terminal would show at the end: after the last carriage return, without escapes. */
export function plainLine(text: string): string {
  const shown = stripVTControlCharacters(text).replace(/\r+$/, '');
  return (
    shown
      .slice(shown.lastIndexOf('\r') + 1)
      .replaceAll('\t', '    ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
  );
}

/** The beginning of a text that fits into so many columns; the whole one when it does. */
export function fitWidth(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
