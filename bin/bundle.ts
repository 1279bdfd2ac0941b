/**
 * Bundles the command line and the library into dist/: one entry per command, shared chunks split
 * off, so that a command loads only what it uses. With type declarations unless `--code-only`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Built beside and moved into place, so that a running command never sees half a bundle. */
const fresh = join(root, '.setup/dist');
const stale = join(root, '.setup/dist.old');

/** What CommonJS packages expect to find when they run inside an ES module. */
const COMMONJS_BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { dirname as __pathDirname } from 'node:path';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __pathDirname(__filename);',
].join('');

/**
 * A digest of all code that decides what a Dockerfile becomes, chevrotain's too: what one version
 * of it parsed is of no use to another.
 */
async function parserVersion(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src/dockerfile/parser.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    minify: true,
  });
  const hash = createHash('sha256');
  for (const { contents } of outputFiles) hash.update(contents);
  return hash.digest('hex');
}

async function bundleCode(): Promise<void> {
  const commands = globSync('src/commands/**/*.ts', { cwd: root }).map((file) => ({
    in: join(root, file),
    out: relative('src', file).replace(/\.ts$/, ''),
  }));
  await build({
    absWorkingDir: root,
    entryPoints: [
      { in: join(root, 'src/cli/main.ts'), out: 'cli' },
      { in: join(root, 'src/index.ts'), out: 'index' },
      { in: join(root, 'src/store/copy-thread.ts'), out: 'copy-thread' },
      ...commands,
    ],
    outdir: fresh,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    // oclif is loaded for help only, and reads files beside itself: it stays a package.
    external: ['@oclif/core'],
    define: { SLIPWAY_PARSER_VERSION: JSON.stringify(await parserVersion()) },
    banner: { js: COMMONJS_BANNER },
  });
}

/** Few modules are CommonJS inside; the others start faster without what only those need. */
function dropNeedlessBanners(): void {
  for (const file of globSync('**/*.js', { cwd: fresh })) {
    const path = join(fresh, file);
    const text = readFileSync(path, 'utf8');
    const code = text.replace(`${COMMONJS_BANNER}\n`, '');
    if (!/require\b|__dirname|__filename/.test(code)) writeFileSync(path, code);
  }
}

/** Threads start from a file, which whoever starts them finds beside or above its own. */
function pointAtThreads(): void {
  for (const file of globSync('**/*.js', { cwd: fresh })) {
    const path = join(fresh, file);
    const text = readFileSync(path, 'utf8');
    const thread = `./${relative(dirname(file), 'copy-thread.js')}`;
    const code = text.replaceAll('./copy-thread.ts', thread);
    if (code !== text) writeFileSync(path, code);
  }
}

/** Declarations for dist/index.js. tsc keeps our `#` aliases; consumers get relative paths. */
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
dropNeedlessBanners();
pointAtThreads();
if (!process.argv.includes('--code-only')) emitDeclarations();
if (existsSync(dist)) renameSync(dist, stale);
renameSync(fresh, dist);
remove(stale);
