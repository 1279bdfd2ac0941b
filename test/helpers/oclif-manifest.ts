/**
 * What oclif.manifest.json has to say, read from the commands' sources. `npm run build` has it
 * written by oclif's own tool, from the bundle; the two agree or test/bin/manifest.test.ts fails.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '@oclif/core';

const root = join(import.meta.dirname, '../..');

/** The manifest as it should be, as its JSON reads. */
export async function expectedManifest() {
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
  // As JSON has it: without what is undefined.
  return JSON.parse(JSON.stringify({ commands, version: config.version }));
}

/** The manifest names the bundled module of a command, which is CommonJS, not its source. */
function withBundlePath(command: { readonly id: string }): object {
  const path = ['dist', 'commands', ...command.id.split(':')];
  return { ...command, isESM: false, relativePath: [...path.slice(0, -1), `${path.at(-1)}.cjs`] };
}
