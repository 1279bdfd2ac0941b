/**
 * Loads the files of the bundle, which are CommonJS, each with the byte code of what an earlier run called
 * in it. Node's own compile cache keeps a file as it is before it runs: without its functions, which would
 * be parsed and compiled anew at every start.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';

type Exports = Readonly<Record<string, unknown>>;
type Body = (
  exports: Exports,
  require: (name: string) => unknown,
  module: { readonly exports: Exports },
  filename: string,
  folder: string,
) => void;

/** What is shared and so has its content in its name: byte code of other content is never taken. */
const CHUNKS = 'chunks';

/** A run of this many seconds can spare the time to see whether it called more than is kept. */
const LONG_RUN = 1;
const WORTH_IT = 1.1;

/**
 * A loader that keeps byte code in `folder`. What another V8 made, V8 refuses. What is missing is written
 * at the end of a run that succeeds, if it may be.
 */
export function bundleLoader(folder: string): (path: string) => Exports {
  const loaded = new Map<string, { readonly exports: Exports }>();
  const scripts = new Map<
    string,
    { readonly script: Script; readonly path: string; readonly keptBytes: number }
  >();

  const load = (path: string): Exports => {
    const known = loaded.get(path);
    if (known) return known.exports;
    const module = { exports: {} };
    loaded.set(path, module);
    const place = dirname(path);
    const require = (name: string): unknown =>
      name.startsWith('.')
        ? load(join(place, name))
        : (process.getBuiltinModule(name) ?? createRequire(path)(name));
    const body = compile(path).runInThisContext() as Body;
    body(module.exports, require, module, path, place);
    return module.exports;
  };

  const compile = (path: string): Script => {
    // The bundle is ASCII (bin/bundle.ts): read as such, V8 keeps a byte a character.
    const text = readFileSync(path, 'latin1');
    const code = `(function (exports, require, module, __filename, __dirname) { ${text}\n})`;
    if (basename(dirname(path)) !== CHUNKS) return new Script(code, { filename: path });
    const file = join(folder, `${basename(path)}.bin`);
    const cachedData = readIfThere(file);
    const script = new Script(code, { filename: path, ...(cachedData ? { cachedData } : {}) });
    const keptBytes = script.cachedDataRejected ? 0 : (cachedData?.length ?? 0);
    scripts.set(file, { script, path, keptBytes });
    return script;
  };

  process.on('exit', (exitCode) => {
    if (exitCode !== 0) return;
    const isLong = process.uptime() > LONG_RUN;
    for (const [file, { script, path, keptBytes }] of scripts) {
      if (keptBytes > 0 && !isLong) continue;
      const data = script.createCachedData();
      if (data.length > keptBytes * WORTH_IT && isOwner(path)) save(file, data);
    }
  });
  return load;
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Files of root in the folder of somebody else could not be removed by them. */
function isOwner(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.uid === process.geteuid?.();
}

/** Who may not write there starts slower. V8 checks little: a file is whole before it has its name. */
function save(file: string, data: Uint8Array): void {
  const half = `${file}.${process.pid}`;
  try {
    // Whoever may write here decides what runs: whatever the umask, only the owner.
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(half, data, { flag: 'wx', flush: true, mode: 0o644 });
    renameSync(half, file);
  } catch {
    removeIfThere(half);
  }
}

function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It could not be written for the same reason.
  }
}
