/**
 * The project's rules about its own shape, one function each: files in, complaints out. Rules that
 * the linter or the compiler knows are left to them.
 */
import { posix } from 'node:path';
import { areaOf, exportsOf, importsOf, type SourceText } from './source-text.ts';

/** Folders of ours that a folder may import besides core and itself (ARCHITECTURE.md). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  dockerfile: [],
  archive: [],
  layer: ['archive'],
  store: ['archive', 'layer'],
  snapshot: ['layer', 'store'],
  runtime: [],
  remote: [],
  image: ['archive', 'layer', 'store', 'remote'],
  build: ['dockerfile', 'archive', 'layer', 'store', 'snapshot', 'runtime', 'image'],
  registry: ['store', 'image', 'remote'],
  // dockerfile and the engine's checks of it: text in, text out, nothing to open or close.
  cli: ['engine.ts', 'engine', 'commands', 'dockerfile'],
  commands: ['engine.ts', 'engine', 'cli', 'dockerfile'],
};

/** Packages by the folders that may import them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@noble/ciphers': ['image'],
  '@peculiar/x509': ['registry'],
  bcryptjs: ['registry'],
  jose: ['registry'],
  '@oclif/core': ['cli', 'commands'],
  chevrotain: ['dockerfile'],
  'p-limit': ['image', 'build', 'engine', 'remote'],
  'tar-stream': ['archive'],
  'smol-toml': ['remote'],
  undici: ['remote'],
  'prom-client': ['registry'],
  'reflect-metadata': ['registry'],
  'xz-decompress': ['archive'],
  semver: ['image'],
  yaml: ['registry', 'remote'],
};

/** Parts of Node that only some folders may import. */
const NODE_MODULES: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': ['layer', 'snapshot', 'runtime', 'remote'],
  'node:http': ['registry'],
  'node:https': ['registry'],
  'node:sqlite': ['store', 'image'],
  'node:zlib': ['archive', 'layer', 'remote'],
};

/** Anything may be wired together here. */
const COMPOSITION = ['engine', 'engine.ts', 'index.ts'];
const OUR_TOPS = new Set(['src', 'registry']);

const isOurs = (file: SourceText): boolean => OUR_TOPS.has(file.path.split('/')[0] ?? '');

/** Folders import each other in the directions of the table only, by alias. */
export function importDirections(files: readonly SourceText[]): readonly string[] {
  return files.filter(isOurs).flatMap((file) => {
    const area = areaOf(file.path);
    if (COMPOSITION.includes(area)) return [];
    const allowed = MAY_IMPORT[area];
    if (!allowed) return [`${file.path}: the folder ${area} is not in the import table`];
    return importsOf(file).flatMap((specifier) => {
      const target = targetOf(file.path, specifier);
      if (target === undefined || target === area || target === 'core') return [];
      return allowed.includes(target) ? [] : [`${file.path}: ${area} may not import ${specifier}`];
    });
  });
}

/** Which of our folders an import leads to; undefined for packages and Node. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1).split('/')[0];
  if (!specifier.startsWith('.')) return undefined;
  return areaOf(posix.join(posix.dirname(path), specifier));
}

/** Another folder by alias, one's own relatively, both with the extension. */
export function importForms(files: readonly SourceText[]): readonly string[] {
  return files.filter(isOurs).flatMap((file) =>
    importsOf(file).flatMap((specifier) => {
      const area = areaOf(file.path);
      const isRelative = specifier.startsWith('.');
      const target = targetOf(file.path, specifier);
      if (target === undefined) return [];
      if (!specifier.endsWith('.ts')) return [`${file.path}: ${specifier} needs its extension`];
      // Modules with one importer: the command table's, and the composition root's.
      if (isRelative && target !== area && !['commands', 'engine'].includes(target)) {
        return [`${file.path}: ${specifier} is another folder's, use its alias`];
      }
      return !isRelative && target === area
        ? [`${file.path}: ${specifier} is of the own folder, import it relatively`]
        : [];
    }),
  );
}

/** Packages and the weighty parts of Node stay where the table puts them. */
export function packageHomes(files: readonly SourceText[]): readonly string[] {
  return files.filter(isOurs).flatMap((file) =>
    importsOf(file).flatMap((specifier) => {
      const isPackage = !/^[.#]|^node:/.test(specifier);
      const name = isPackage ? packageName(specifier) : specifier;
      const homes = isPackage ? (PACKAGES[name] ?? []) : NODE_MODULES[name];
      if (homes === undefined || homes.includes(areaOf(file.path))) return [];
      return [`${file.path}: ${specifier} may be imported by ${homes.join(', ') || 'nobody'} only`];
    }),
  );
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Node's own modules are imported by their full name. */
export function nodePrefixes(files: readonly SourceText[]): readonly string[] {
  const bare =
    /^(assert|buffer|child_process|crypto|events|fs|http|https|net|os|path|stream|tls|url|util|zlib)(\/|$)/;
  return files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => bare.test(specifier))
      .map((specifier) => `${file.path}: write node:${specifier}`),
  );
}

/** The environment has one reader. */
export function environmentReaders(files: readonly SourceText[]): readonly string[] {
  return files
    .filter((file) => isOurs(file) && file.path !== 'src/cli/settings.ts')
    .filter(({ code }) => /\bprocess\.env\b|\benv\b[^;]*from 'node:process'/.test(code))
    .map(({ path }) => `${path}: only src/cli/settings.ts reads process.env`);
}

/** Default exports are oclif's way to find a command, and nothing else. */
export function defaultExports(files: readonly SourceText[]): readonly string[] {
  return files
    .filter((file) => isOurs(file) && areaOf(file.path) !== 'commands')
    .filter(({ code }) => /^export default\b|\bas default\b/m.test(code))
    .map(({ path }) => `${path}: default exports are for commands`);
}

/** A file says what it is; a command does by its summary. */
export function headerComments(files: readonly SourceText[]): readonly string[] {
  return files
    .filter(({ path }) => areaOf(path) !== 'commands')
    .filter(({ text }) => !/^(#!.*\n)?(\/\*\*|\/\/ )/.test(text))
    .map(({ path }) => `${path}: begins without a comment that says what it is`);
}

/** What types cannot be stripped of, and what switches them off. */
export function plainTypes(files: readonly SourceText[]): readonly string[] {
  const banned: readonly (readonly [RegExp, string])[] = [
    [/^\s*(?:export )?(?:declare )?(?:const )?enum \w+/m, 'an enum'],
    [/^\s*(?:export )?(?:declare )?(?:namespace|module) \w+/m, 'a namespace'],
    [/[:<,|&(=]\s*any\s*[\][>,;)|&=\n]|\bas any\b/, 'any'],
    [/@ts-(?:ignore|nocheck|expect-error)/, 'a switched-off check'],
  ];
  return files.flatMap(({ path, code, text }) =>
    banned
      .filter(([pattern, what]) => pattern.test(what.startsWith('a switched') ? text : code))
      .map(([, what]) => `${path}: has ${what}`),
  );
}

/** kebab-case, and no name that says nothing. */
export function fileNames(files: readonly SourceText[]): readonly string[] {
  return files.flatMap(({ path }) => {
    const name = posix.basename(path).replace(/(\.test)?\.ts$/, '');
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return [`${path}: not kebab-case`];
    const empty = /(^|-)(utils?|helpers|common|misc|managers?|stuff)(-|$)/.test(name);
    return empty ? [`${path}: the name does not say what is in it`] : [];
  });
}

/** No barrels: re-exports have one home. */
export function reExports(files: readonly SourceText[]): readonly string[] {
  return files
    .filter((file) => isOurs(file) && file.path !== 'src/index.ts')
    .filter(({ code }) => /^export (type )?(\*|\{[^}]*\}) *(as \w+ )?from /m.test(code))
    .map(({ path }) => `${path}: only src/index.ts re-exports`);
}

/** A file of more than `lines` has to say why in the list of long files. */
export function longFiles(
  files: readonly SourceText[],
  {
    lines,
    reasons,
  }: { readonly lines: number; readonly reasons: Readonly<Record<string, string>> },
): readonly string[] {
  const long = files.filter(({ text }) => text.split('\n').length - 1 > lines);
  return [
    ...long
      .filter(({ path }) => reasons[path] === undefined)
      .map(({ path }) => `${path}: longer than ${lines} lines without a reason`),
    ...Object.keys(reasons)
      .filter((path) => !long.some((file) => file.path === path))
      .map((path) => `${path}: not that long (any more), take it off the list`),
  ];
}

/**
 * `src/x/y.ts` and `registry/y.ts` with code in them have `test/x/y.test.ts`, or another test that
 * imports them, or belong to a file of their folder that has; else a reason.
 */
export function testMirrors(
  files: readonly SourceText[],
  reasons: Readonly<Record<string, string>>,
): readonly string[] {
  const tested = testedFiles(files);
  const missing = files
    .filter((file) => isOurs(file) && (exportsOf(file).length > 0 || isCommand(file)))
    .filter(({ path }) => !tested.has(path));
  return [
    ...missing
      .filter(({ path }) => reasons[path] === undefined)
      .map(({ path }) => `${path}: no ${mirrorOf(path)}, and no other test of its folder uses it`),
    ...Object.keys(reasons)
      .filter((path) => !missing.some((file) => file.path === path))
      .map((path) => `${path}: has its test (or is gone), take it off the list`),
  ];
}

/** Mirrored or imported by a test, and what those import of their own folder. */
function testedFiles(files: readonly SourceText[]): ReadonlySet<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const imported = new Set(files.filter(isTest).flatMap(importsOf));
  const tested = new Set<string>();
  const visit = (file: SourceText | undefined): void => {
    if (!file || tested.has(file.path)) return;
    tested.add(file.path);
    for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
      visit(byPath.get(posix.join(posix.dirname(file.path), specifier)));
    }
  };
  for (const file of files.filter(isOurs)) {
    if (byPath.has(mirrorOf(file.path)) || imported.has(aliasOf(file.path))) visit(file);
  }
  return tested;
}

function isCommand({ path }: SourceText): boolean {
  return areaOf(path) === 'commands';
}

function isTest({ path }: SourceText): boolean {
  return path.startsWith('test/');
}

/** `src/store/x.ts` → `#store/x.ts`. */
function aliasOf(path: string): string {
  return `#${path.replace(/^src\//, '')}`;
}

function mirrorOf(path: string): string {
  return `test/${path.replace(/^src\//, '')}`.replace(/\.ts$/, '.test.ts');
}

/** Exported code that no other file names. */
export function deadExports(files: readonly SourceText[]): readonly string[] {
  const words = files.map(({ path, code }) => ({ path, words: new Set(code.match(/\w+/g)) }));
  return files.filter(isOurs).flatMap((file) =>
    exportsOf(file)
      .filter((name) => !words.some((other) => other.path !== file.path && other.words.has(name)))
      .map((name) => `${file.path}: nobody uses ${name}`),
  );
}

/** Text that speaks of one machine: paths of this checkout and beside it, addresses of a package mirror. */
export function machineText(
  files: readonly { readonly path: string; readonly text: string }[],
  machinePaths: readonly string[],
): readonly string[] {
  return files.flatMap(({ path, text }) => [
    ...machinePaths
      .filter((machinePath) => text.includes(`${machinePath}/`))
      .map((machinePath) => `${path}: the path ${machinePath} is of one machine`),
    ...(path.endsWith('package-lock.json') && /"resolved": "http/.test(text)
      ? [`${path}: holds addresses of a package registry`]
      : []),
  ]);
}
