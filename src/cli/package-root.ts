/** Where this package lies, from its sources and from its bundle alike. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '#core/assert.ts';
import { ObjectReader, parseJson } from '#core/json.ts';

/** The folder of our package.json, absolute. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    assert(folder !== dirname(folder), 'the package.json is above the code');
    folder = dirname(folder);
  }
  return folder;
}

/** The version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return new ObjectReader(parseJson(text, 'package.json'), 'package.json').string('version');
}
