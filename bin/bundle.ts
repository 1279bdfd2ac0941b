/**
 * Bundles the command line and the library into dist/: one entry per command, shared chunks split
 * off, so that a command loads only what it uses. With type declarations unless `--code-only`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type BuildOptions, build } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Built beside and moved into place, so that a running command never sees half a bundle. */
const fresh = join(root, '.setup/dist');
const stale = join(root, '.setup/dist.old');

/**
 * What is loaded together is one file, for each file costs half a millisecond of every start (ADR 24).
 * A group takes all that its modules import, less what those before it have; what is imported
 * dynamically stays apart.
 */
const GROUPS = [
  { name: 'core', test: /\/src\/(?:core\/|dockerfile\/(?:duration|suggest)\.ts$)/ },
  {
    name: 'start',
    test: /\/src\/cli\/(?:assignments|base-command|format|platform-option|run-process|progress\/transfer)\.ts$/,
  },
  { name: 'template', test: /\/src\/cli\/template\.ts$/ },
  {
    name: 'lint',
    test: /\/src\/(?:dockerfile\/lint\/(?:engine|refusals|subject)|build\/(?:diagnostics|dockerfile-file|ignore-file|parse-dockerfile|stage-references))\.ts$/,
  },
  { name: 'engine', test: /\/src\/engine\/local-engine\.ts$/ },
  { name: 'image', test: /\/src\/image\/resolve\.ts$/ },
  { name: 'build', test: /\/src\/(?:commands\/build|engine\/build-image)\.ts$/ },
].map((group, index) => ({ ...group, priority: 100 - index }));

const OPTIONS: BuildOptions = {
  cwd: root,
  platform: 'node',
  resolve: {
    alias: {
      undici: join(root, 'bin/undici-parts.js'),
      // HTTP/2 is not spoken (remote/dispatchers.ts), and loading Node's takes as long as Node itself.
      './client-h2.js': join(root, 'bin/no-http2.cjs'),
    },
  },
  // oclif is loaded for help only, and reads files beside itself: it stays a package.
  external: [/^@oclif\/core/],
  // Imported statically somewhere, too: then there is nothing to split off.
  checks: { ineffectiveDynamicImport: false },
};

/**
 * A digest of all code that decides what a Dockerfile becomes, chevrotain's too: what one version
 * of it parsed is of no use to another.
 */
async function parserVersion(): Promise<string> {
  const { output } = await build({
    ...OPTIONS,
    input: join(root, 'src/dockerfile/parser.ts'),
    write: false,
    output: { minify: true },
  });
  const hash = createHash('sha256');
  for (const file of output) if (file.type === 'chunk') hash.update(file.code);
  return hash.digest('hex');
}

async function bundleCode(): Promise<void> {
  const commands = globSync('src/commands/**/*.ts', { cwd: root }).map((file) => [
    relative('src', file).replace(/\.ts$/, ''),
    join(root, file),
  ]);
  await build({
    ...OPTIONS,
    input: {
      cli: join(root, 'src/cli/bundled.ts'),
      process: join(root, 'src/cli/run-process.ts'),
      index: join(root, 'src/index.ts'),
      'copy-thread': join(root, 'src/store/copy-thread.ts'),
      ...Object.fromEntries(commands),
    },
    transform: {
      target: 'node24',
      define: { SLIPWAY_PARSER_VERSION: JSON.stringify(await parserVersion()) },
    },
    output: {
      dir: fresh,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: 'chunks/[name]-[hash].cjs',
      codeSplitting: { groups: GROUPS },
      comments: false,
    },
  });
}

/**
 * For cli/bundle-loader.ts. What is not ASCII stands in strings and patterns, where an escape is the same.
 * Done to the files: a chunk is printed once more after the last hook that a plugin has.
 */
function toAscii(): void {
  for (const file of globSync('**/*.cjs', { cwd: fresh })) {
    const path = join(fresh, file);
    const text = readFileSync(path, 'utf8');
    const code = text.replaceAll(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    if (code !== text) writeFileSync(path, code);
  }
}

/** Threads start from a file, which whoever starts them finds beside or above its own. */
function pointAtThreads(): void {
  for (const file of globSync('**/*.cjs', { cwd: fresh })) {
    const path = join(fresh, file);
    const text = readFileSync(path, 'utf8');
    const thread = `./${relative(dirname(file), 'copy-thread.cjs')}`;
    const code = text.replaceAll('./copy-thread.ts', thread);
    if (code !== text) writeFileSync(path, code);
  }
}

/** Declarations for dist/index.cjs. tsc keeps our `#` aliases; consumers get relative paths. */
function emitDeclarations(): void {
  const types = join(fresh, 'types');
  const tsc = spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    ['-p', join(root, 'bin/tsconfig.types.json'), '--outDir', types],
    { stdio: 'inherit' },
  );
  if (tsc.status !== 0) throw new Error('tsc refused to emit declarations');
  for (const file of globSync('**/*.d.ts', { cwd: types })) {
    const path = join(types, file);
    writeFileSync(path, withRelativeImports(readFileSync(path, 'utf8'), file));
  }
}

/** `#core/digest.ts` in `src/store/x.d.ts` → `../core/digest.js`. */
function withRelativeImports(text: string, file: string): string {
  return text
    .replaceAll(/(['"])#([\w-]+)(\.ts|\/[\w./-]+\.ts)\1/g, (_, quote, folder, rest) => {
      const target = folder === 'registry' ? `${folder}${rest}` : `src/${folder}${rest}`;
      const path = relative(dirname(file), target).replace(/\.ts$/, '.js');
      return `${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
    })
    .replaceAll(/(['"])(\.[\w./-]+)\.ts\1/g, '$1$2.js$1');
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

remove(fresh);
remove(stale);
await bundleCode();
pointAtThreads();
toAscii();
if (!process.argv.includes('--code-only')) emitDeclarations();
if (existsSync(dist)) renameSync(dist, stale);
renameSync(fresh, dist);
remove(stale);
