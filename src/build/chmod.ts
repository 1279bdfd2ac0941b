/** `--chmod`: octal (`755`) or symbolic (`u=rwX,go=rX`), as chmod(1) understands it. */
import { SlipwayError } from '#core/errors.ts';

/** New permission bits from old ones. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const CLASS_BITS: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007 };
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/** The bits of an octal mode; undefined for a symbolic one. */
export function octalMode(text: string): number | undefined {
  const bits = /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : undefined;
  return bits === undefined || bits > 0o7777 ? undefined : bits;
}

/** @throws DOCKERFILE_INVALID */
export function parseMode(text: string): ModeChange {
  const bits = octalMode(text);
  if (bits !== undefined) return () => bits;
  const clauses = text.split(',').map((clause) => parseClause(clause, text));
  return (mode, isDirectory) =>
    clauses.reduce((current, clause) => clause(current, isDirectory), mode);
}

function parseClause(clause: string, whole: string): ModeChange {
  const match = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause);
  if (!match) {
    throw new SlipwayError('DOCKERFILE_INVALID', invalidMode(whole), {
      hint: 'use an octal mode (755) or a symbolic one (u=rwX,go=rX)',
    });
  }
  const who = (match[1] === '' || match[1]?.includes('a') ? 'ugo' : (match[1] ?? '')).split('');
  const actions = [...(match[2] ?? '').matchAll(/([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g)];
  return (mode, isDirectory) =>
    actions.reduce((current, [, operator = '=', what = '']) => {
      const bits = who.reduce(
        (sum, one) => sum | bitsFor(one, what, { mode: current, isDirectory }),
        0,
      );
      const mask = who.reduce((sum, one) => sum | (CLASS_BITS[one] ?? 0), 0);
      if (operator === '+') return current | bits;
      return operator === '-' ? current & ~bits : (current & ~mask) | bits;
    }, mode);
}

function bitsFor(
  who: string,
  what: string,
  file: { readonly mode: number; readonly isDirectory: boolean },
): number {
  const shift = SHIFT[who] ?? 0;
  if (/^[ugo]$/.test(what)) return ((file.mode >> (SHIFT[what] ?? 0)) & 7) << shift;
  let bits = 0;
  for (const letter of what) {
    if (letter === 'r') bits |= 4 << shift;
    else if (letter === 'w') bits |= 2 << shift;
    else if (letter === 'x' || (letter === 'X' && (file.isDirectory || file.mode & 0o111)))
      bits |= 1 << shift;
    else if (letter === 's') bits |= who === 'u' ? 0o4000 : who === 'g' ? 0o2000 : 0;
    else if (letter === 't') bits |= who === 'o' ? 0o1000 : 0;
  }
  return bits;
}

/** A number was meant to be octal: said in docker's words. */
function invalidMode(text: string): string {
  const expected = /^\d+$/.test(text) ? '. it should be octal string and between 0 and 07777' : '';
  return `invalid chmod parameter: '${text}'${expected}`;
}
