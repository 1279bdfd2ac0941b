/** YAML (and JSON, which is a part of it) as JSON values. The only file that knows the parser. */
import { parseDocument } from 'yaml';
import { ObjectReader } from '#core/json.ts';

/** @throws an Error that says where for what is no YAML */
export function parseYaml(text: string, what: string): ObjectReader {
  const document = parseDocument(text, { prettyErrors: true });
  const [first] = document.errors;
  if (first) throw first;
  // Aliases are bounded by the parser; what they repeat is not worth more.
  return new ObjectReader(document.toJS({ maxAliasCount: 100 }) ?? {}, what);
}
