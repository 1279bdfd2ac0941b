/** The comparisons of Go templates: what may be compared with what, and the words when it may not. */
import { CallFailed } from './errors.ts';
import { Float, isList, isMap, isStruct, typeName, type Value } from './values.ts';

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** `eq` takes several: true if the first equals any of them. @throws CallFailed */
export function compare(name: Comparison, first: Value, others: readonly Value[]): boolean {
  if (name === 'eq') {
    if (others.length === 0) throw new CallFailed('missing argument for comparison');
    return others.some((other) => isEqual(first, other));
  }
  const [other] = others;
  switch (name) {
    case 'ne':
      return !isEqual(first, other);
    case 'lt':
      return isLess(first, other);
    case 'le':
      return isLess(first, other) || isEqual(first, other);
    case 'gt':
      return !isLess(first, other) && !isEqual(first, other);
    case 'ge':
      return !isLess(first, other);
  }
}

function isEqual(a: Value, b: Value): boolean {
  const isNil = [a, b].map((value) => value === undefined || value === null);
  if (isNil.includes(true)) return isNil[0] === isNil[1];
  if (typeName(a) !== typeName(b)) throw incompatible(a, b);
  if (isList(a) || isMap(a) || isStruct(a)) {
    throw new CallFailed(`non-comparable type ${typeName(a)}`);
  }
  return plain(a) === plain(b);
}

function isLess(a: Value, b: Value): boolean {
  for (const value of [a, b]) {
    if (!['int', 'float64', 'string', 'bool'].includes(typeName(value))) throw invalid();
  }
  if (typeName(a) !== typeName(b)) throw incompatible(a, b);
  const [left, right] = [plain(a), plain(b)];
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  if (typeof left !== 'string' || typeof right !== 'string') throw invalid();
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
}

function plain(value: Value): Value {
  return value instanceof Float ? value.value : value;
}

function incompatible(a: Value, b: Value): CallFailed {
  return new CallFailed(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function invalid(): CallFailed {
  return new CallFailed('invalid type for comparison');
}
