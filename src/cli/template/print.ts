/** Values as text, the way Go's fmt prints them: `%v`, and the verbs of printf. Pure. */
import { CallFailed } from './errors.ts';
import {
  Float,
  isList,
  isMap,
  isStruct,
  knownFields,
  sortedEntries,
  typeName,
  type Value,
} from './values.ts';

/** `%v`: lists in brackets, maps as `map[key:value]`, structs as `{value value}`. */
export function printed(value: Value): string {
  if (value === undefined || value === null) return '<nil>';
  if (value instanceof Float) return floatText(value.value);
  if (isList(value)) return `[${value.map(printed).join(' ')}]`;
  if (isMap(value)) {
    const entries = sortedEntries(value).map(([key, entry]) => `${key}:${printed(entry)}`);
    return `map[${entries.join(' ')}]`;
  }
  if (isStruct(value)) {
    return `{${knownFields(value)
      .map(([, field]) => printed(field))
      .join(' ')}}`;
  }
  return String(value);
}

/** Longer texts are refused before they are made: a template may double one with each line. */
const TEXT_MAX = 16 * 1024 * 1024;

/** @throws CallFailed when it would be longer than TEXT_MAX */
export function joined(parts: readonly string[], separator: string): string {
  checkLength(parts.reduce((sum, part) => sum + part.length + separator.length, 0));
  return parts.join(separator);
}

function checkLength(length: number): void {
  if (length > TEXT_MAX) throw new CallFailed(`more than ${TEXT_MAX} characters`);
}

/** fmt.Sprint: a space between two values when neither is a string. @throws CallFailed */
export function sprint(values: readonly Value[]): string {
  const parts = values.map((value, i) => {
    const before = values[i - 1];
    const isApart = i > 0 && typeof value !== 'string' && typeof before !== 'string';
    return `${isApart ? ' ' : ''}${printed(value)}`;
  });
  return joined(parts, '');
}

/** fmt.Sprintln. @throws CallFailed */
export function sprintln(values: readonly Value[]): string {
  return `${joined(values.map(printed), ' ')}\n`;
}

/** As Go: an exponent below 1e-4 and from a million on. */
function floatText(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? '0' : `+${value}`.slice(0, 4);
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Wider than this Go refuses to print. */
const WIDTH_MAX = 1_000_000;

const DIRECTIVE = /%([-+# 0]*)(\d*)(?:\.(\d*))?([\s\S]?)/gu;

/**
 * fmt.Sprintf, without `*` and `[n]`. What does not fit is said in the text, as Go does.
 * @throws CallFailed
 */
export function sprintf(format: string, values: readonly Value[]): string {
  let next = 0;
  let length = format.length;
  const text = format.replaceAll(DIRECTIVE, (_, flags, width, precision, verb) => {
    if (verb === '%') return '%';
    if (verb === '') return '%!(NOVERB)';
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const sizes = { width: Number(width), precision: precision && Number(precision) };
    const one = formatted({ verb, flags, ...sizes }, values[next++]);
    length += one.length;
    checkLength(length);
    return one;
  });
  const extra = values
    .slice(next)
    .map((value) => (value == null ? '<nil>' : `${typeName(value)}=${printed(value)}`));
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

interface Directive {
  readonly verb: string;
  readonly flags: string;
  /** 0: as wide as it is. */
  readonly width: number;
  readonly precision: number | undefined;
}

function formatted(wanted: Directive, value: Value): string {
  const { width, precision = 0 } = wanted;
  if (width > WIDTH_MAX || precision > WIDTH_MAX) {
    const bad = width > WIDTH_MAX ? 'BADWIDTH' : 'BADPREC';
    return `%!(${bad})${directive({ ...wanted, precision: undefined }, value)}`;
  }
  return padded(directive(wanted, value), wanted, isNumber(value));
}

function directive(wanted: Directive, value: Value): string {
  const { verb, precision } = wanted;
  switch (verb) {
    case 'v':
      return cut(printed(value), typeof value === 'string' ? precision : undefined);
    case 'T':
      return typeName(value);
    case 't':
      return typeof value === 'boolean' ? String(value) : misfit(verb, value);
    case 's':
    case 'q':
      return textDirective(wanted, value);
    default:
      return numberDirective(wanted, value);
  }
}

/** Lists and maps print each of theirs. */
function textDirective(wanted: Directive, value: Value): string {
  if (isList(value)) return `[${value.map((one) => textDirective(wanted, one)).join(' ')}]`;
  if (typeof value === 'string') {
    const text = cut(value, wanted.precision);
    return wanted.verb === 'q' ? JSON.stringify(text) : text;
  }
  if (wanted.verb === 'q' && typeof value === 'number') return `'${rune(value)}'`;
  return misfit(wanted.verb, value);
}

function numberDirective({ verb, flags, precision }: Directive, value: Value): string {
  const base = { d: 10, b: 2, o: 8, x: 16, X: 16 }[verb];
  const sign = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if (typeof value === 'number') {
    if (verb === 'c') return rune(value);
    if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
    if (base === undefined) return misfit(verb, value);
    const digits = Math.abs(value)
      .toString(base)
      .padStart(precision ?? 0, '0');
    const prefix = flags.includes('#') && base === 16 ? '0x' : '';
    const text = `${value < 0 ? '-' : sign}${prefix}${digits}`;
    return verb === 'X' ? text.toUpperCase() : text;
  }
  if (typeof value === 'string' && base === 16) {
    const hex = Buffer.from(value).toString('hex');
    return verb === 'X' ? hex.toUpperCase() : hex;
  }
  if (!(value instanceof Float)) return misfit(verb, value);
  const number = value.value;
  const plus = number < 0 ? '' : sign;
  if (verb === 'f' || verb === 'F') return plus + number.toFixed(Math.min(precision ?? 6, 100));
  if (verb === 'g') return plus + floatText(number);
  if (verb !== 'e') return misfit(verb, value);
  return (
    plus + number.toExponential(Math.min(precision ?? 6, 100)).replace(/e([-+])(\d)$/, 'e$10$2')
  );
}

function misfit(verb: string, value: Value): string {
  const what =
    value === undefined || value === null ? '<nil>' : `${typeName(value)}=${printed(value)}`;
  return `%!${verb}(${what})`;
}

/** What is no character is the replacement character. */
function rune(value: number): string {
  const isCharacter = value >= 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return isCharacter ? String.fromCodePoint(value) : '\ufffd';
}

/** The first `length` characters; all without a length. */
export function cut(text: string, length: number | undefined): string {
  if (length === undefined || text.length <= length) return text;
  // A character is one or two units.
  return [...text.slice(0, 2 * length)].slice(0, length).join('');
}

function padded(text: string, { flags, width }: Directive, isNumeric: boolean): string {
  if (text.length >= 2 * width) return text;
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || !isNumeric) return ' '.repeat(missing) + text;
  const [, sign = '', digits = ''] = /^([-+ ]?)(.*)$/s.exec(text) ?? [];
  return sign + '0'.repeat(missing) + digits;
}

function isNumber(value: Value): boolean {
  return typeof value === 'number' || value instanceof Float;
}
