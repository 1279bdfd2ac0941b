/** TOML as JSON values: dates become text, which no key that is read has. The only file that knows the parser. */
import { parse } from 'smol-toml';
import { ObjectReader } from '#core/json.ts';

/** @throws an Error with `line` and `column` for what is no TOML */
export function parseToml(text: string, what: string): ObjectReader {
  return new ObjectReader(JSON.parse(JSON.stringify(parse(text))), what);
}
