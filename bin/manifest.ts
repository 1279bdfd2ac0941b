/**
 * Writes oclif.manifest.json, from which oclif makes the help: by oclif, then with the commands in
 * the order of their names, so that the same commands give the same bytes on every file system.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const path = join(root, 'oclif.manifest.json');

execFileSync(join(root, 'node_modules/.bin/oclif'), ['manifest'], { cwd: root, stdio: 'inherit' });
const manifest: { readonly commands: Readonly<Record<string, object>> } = JSON.parse(
  readFileSync(path, 'utf8'),
);
const commands = Object.entries(manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1));
// oclif says nothing when dist/ was not there, or is being replaced.
if (commands.length === 0) throw new Error('oclif found no command in dist/commands');
writeFileSync(
  path,
  JSON.stringify({ ...manifest, commands: Object.fromEntries(commands) }, undefined, 2),
);
