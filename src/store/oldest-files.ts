/** Folders of derived files are bounded by number: what was not used for longest goes. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** With more than `max` files the older half goes. */
export function dropOldest(folder: string, max: number): void {
  const names = readdirSync(folder);
  if (names.length <= max) return;
  const byAge = names
    .map((name) => ({ name, mtimeMs: statSync(join(folder, name)).mtimeMs }))
    .sort((left, right) => left.mtimeMs - right.mtimeMs);
  for (const { name } of byAge.slice(0, names.length - max / 2)) {
    rmSync(join(folder, name), { force: true });
  }
}
