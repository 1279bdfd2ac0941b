/** `config.json` of a store: what holds for everybody who works on it, unless they say otherwise. */
import { readFileSync } from 'node:fs';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';

export interface StoreSettings {
  /** As `--cache-max` takes it. */
  readonly cacheMax?: string;
}

/** Its text; undefined where there is none, or none for us. */
export function readStoreConfig(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Whoever cannot read it cannot work on the store either, and is told so there.
    return undefined;
  }
}

/** @throws USAGE */
export function storeSettings(path: string, text: string | undefined): StoreSettings {
  if (text === undefined) return {};
  try {
    const top = new ObjectReader(parseJson(text, path), path);
    const cacheMax = top.optionalString('cacheMax');
    const [unknown] = top.keys().filter((key) => key !== 'cacheMax');
    if (unknown !== undefined) top.refuse(unknown, 'left out: it is not known here');
    return cacheMax === undefined ? {} : { cacheMax };
  } catch (cause) {
    if (!isSlipwayError(cause, 'JSON_INVALID')) throw cause;
    throw new SlipwayError('USAGE', cause.message, {
      hint: 'write it as {"cacheMax": "20GB"}, or remove it',
      cause,
    });
  }
}
