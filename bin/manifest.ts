/**
 * Writes oclif.manifest.json, from which help is shown without loading a command. It is committed;
 * test/bin/manifest.test.ts fails when it is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '@oclif/core';

const root = join(import.meta.dirname, '..');

/** The manifest as it should be, read from the commands' sources. */
export async function manifestText(): Promise<string> {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  const pjson = JSON.parse(text);
  pjson.oclif.commands.target = './src/commands';
  const config = await Config.load({
    root,
    pjson,
    ignoreManifest: true,
    devPlugins: false,
    userPlugins: false,
  });
  const commands = Object.fromEntries(
    config.commands
      .map(({ load, ...command }) => [command.id, withBundlePath(command)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return `${JSON.stringify({ commands, version: config.version }, undefined, 2)}\n`;
}

/** The manifest names the bundled module of a command, not its source. */
function withBundlePath(command: { readonly id: string }): object {
  const path = ['dist', 'commands', ...command.id.split(':')];
  return { ...command, relativePath: [...path.slice(0, -1), `${path.at(-1)}.js`] };
}

if (import.meta.main) writeFileSync(join(root, 'oclif.manifest.json'), await manifestText());
