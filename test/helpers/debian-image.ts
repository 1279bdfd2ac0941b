/** The image `debian` in a store of a test's own, and builds upon it through the real command. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type CliOutcome, slipway } from './cli-process.ts';
import { debianTar } from './debian-tar.ts';
import { tempFolder } from './temp-folder.ts';

export interface DebianSite extends Disposable {
  /** Builds `app` and gives the log. */
  build(dockerfile: string, ...flags: readonly string[]): Promise<string>;
  run(...argv: readonly string[]): Promise<CliOutcome>;
  /** A file of the context. */
  write(name: string, text: string): void;
}

/** A site, or why there is none. */
export async function debianSite(): Promise<DebianSite | string> {
  if (process.getuid?.() !== 0) return 'needs root: containers are made with namespaces';
  const tar = await debianTar();
  if (typeof tar === 'string') return tar;
  const folder = tempFolder();
  const root = folder.at('store');
  const context = tempFolder(folder.path);
  const run: DebianSite['run'] = (...argv) => slipway(argv, { root, cwd: context.path });
  writeFileSync(folder.at('debian.tar'), tar);
  const { exitCode, stderr } = await run('import', folder.at('debian.tar'), 'debian');
  assert.equal(exitCode, 0, stderr);
  return {
    run,
    write: (name, text) => writeFileSync(context.at(name), text),
    async build(dockerfile, ...flags) {
      writeFileSync(context.at('Dockerfile'), dockerfile);
      const argv = ['build', '--progress=plain', '-t', 'app', ...flags, '.'];
      const outcome = await run(...argv);
      assert.equal(outcome.exitCode, 0, outcome.stderr);
      return outcome.stderr;
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
