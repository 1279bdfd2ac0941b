/** Go's literals as templates have them: strings, runes and numbers. */
import { Float } from './values.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]))/gu;

/** The text of `"…"` or of a raw string; undefined for an escape Go does not have. */
export function unquote(quoted: string): string | undefined {
  const inner = quoted.slice(1, -1);
  return quoted.startsWith('`') ? inner.replaceAll('\r', '') : unescaped(inner, '"');
}

/** The number that `'x'` is; undefined unless it is one character. */
export function runeValue(quoted: string): number | undefined {
  const text = unescaped(quoted.slice(1, -1), "'");
  const [first, ...more] = [...(text ?? '')];
  return first === undefined || more.length > 0 ? undefined : first.codePointAt(0);
}

/** Bytes of `\xff` above ASCII are taken as code points: a template is text. */
function unescaped(text: string, quote: string): string | undefined {
  let isValid = true;
  const invalid = (): string => {
    isValid = false;
    return '';
  };
  const plain = text.replaceAll(ESCAPE, (_, x, u, long, octal, other) => {
    const code = octal === undefined ? parseInt(x ?? u ?? long, 16) : parseInt(octal, 8);
    if (!Number.isNaN(code)) return code <= 0x10ffff ? String.fromCodePoint(code) : invalid();
    const isOtherQuote = (other === '"' || other === "'") && other !== quote;
    return isOtherQuote ? invalid() : (ESCAPES[other] ?? invalid());
  });
  return isValid ? plain : undefined;
}

/** An int, or a {@link Float} where a point or an exponent is written; undefined for neither. */
export function numberValue(text: string): number | Float | undefined {
  const digits = text.replaceAll('_', '');
  const [, sign = '', body = ''] = /^([-+]?)(.*)$/.exec(digits) ?? [];
  const isFloat = /[.eE]/.test(body) && !/^0[xX]/.test(body);
  // Go reads 017 as octal.
  const spelled = /^0[0-7]+$/.test(body) ? `0o${body.slice(1)}` : body;
  const value = spelled === '' || spelled === '.' ? Number.NaN : Number(spelled);
  if (Number.isNaN(value)) return undefined;
  const signed = sign === '-' ? -value : value;
  if (isFloat) return new Float(signed);
  return Number.isSafeInteger(signed) ? signed : undefined;
}
