/**
 * The project checks its own shape: the rules nobody should have to remember (CONTRIBUTING.md).
 * Each rule is first shown to catch what it is for, then asked about every file.
 */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadedWith } from '#test/helpers/loaded-together.ts';
import { exportsOf, importsOf, type SourceText, sourceText } from '#test/helpers/source-text.ts';
import * as rules from '#test/helpers/tidy-rules.ts';

const ROOT = join(import.meta.dirname, '..');

/** Above this many lines a file needs a reason below. */
const FILE_LINES_MAX = 500;
const LONG_FILES: Readonly<Record<string, string>> = {
  'src/dockerfile/grammar.ts': 'one grammar, a rule per instruction',
};

/** Files with code whose test is elsewhere, and where. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  'src/cli/check-text.ts': 'test/commands/system/check.test.ts',
  'src/cli/confirm.ts': 'test/commands/system/prune.test.ts',
  'src/cli/prune-report.ts': 'test/commands/system/prune.test.ts',
  'src/cli/usage-rows.ts': 'test/commands/system/df.test.ts',
  'src/cli/why-text.ts': 'test/commands/why.test.ts',
  'src/cli/network-flags.ts': 'test/commands/run.test.ts',
  'src/cli/insecure-flag.ts': 'test/e2e/manifest-lists.test.ts',
  'src/cli/manifest-json.ts': 'test/e2e/manifest-lists.test.ts',
  'src/cli/registry-care.ts': 'test/commands/registry/care.test.ts',
  'src/cli/validate-text.ts': 'test/e2e/validate.test.ts',
  'src/cli/limit-option.ts': 'test/commands/ls.test.ts',
  'src/cli/search-rows.ts': 'test/commands/search.test.ts',
  'src/cli/registry-flags.ts': 'test/e2e/private-registry.test.ts',
  'src/cli/registry-text.ts': 'test/commands/config/registries.test.ts',
  'src/remote/registries/report.ts': 'test/commands/config/registries.test.ts',
  'src/build/history/read-history.ts': 'test/e2e/build-history.test.ts',
  'src/cli/copy-plan.ts': 'test/commands/copy.test.ts',
  'src/image/choose-images.ts': 'test/engine/copy.test.ts',
  'src/image/some-platforms.ts': 'test/engine/sync.test.ts',
  'src/image/plan-copies.ts': 'test/engine/copy.test.ts',
  'src/cli/failure-flags.ts': 'test/e2e/failed-step.test.ts',
  'src/cli/failure-kit.ts': 'test/e2e/failed-step.test.ts',
  'src/core/assert.ts': 'three lines; tests of its callers',
};

/** What `slipway build` imports one after the other before its first step. */
const BUILD_BEGINS_WITH = [
  'src/cli/run-process.ts',
  'src/commands/build.ts',
  'src/engine.ts',
  'src/engine/local-engine.ts',
  'src/engine/build-image.ts',
];

/** Each takes milliseconds to load, and a cached build needs none of them: import() where it is used. */
const LOADED_LATER = [
  '@oclif/core',
  'chevrotain',
  'tar-stream',
  'undici',
  'xz-decompress',
  'node:http',
  'node:https',
  'node:stream',
  'node:stream/promises',
  'node:tls',
  'node:worker_threads',
  'node:zlib',
];

function read(...patterns: readonly string[]): readonly SourceText[] {
  return globSync([...patterns], { cwd: ROOT, exclude: ['**/node_modules/**'] })
    .sort()
    .map((path) => sourceText(path, readFileSync(join(ROOT, path), 'utf8')));
}

const files = read('{src,registry,test,bin,fixtures,bench}/**/*.ts');
const production = files.filter(({ path }) => /^(src|registry)\//.test(path));
const texts = read(
  '{src,registry,test,bin,fixtures,bench,native,docs}/**/*.{ts,c,h,md,json}',
  '*.{md,json}',
  'bin/{setup,slipway}',
  'native/Makefile',
);

/** Files of a sample: path → text. */
function sample(contents: Readonly<Record<string, string>>): readonly SourceText[] {
  return Object.entries(contents).map(([path, text]) => sourceText(path, text));
}

function none(complaints: readonly string[]): void {
  assert.equal(complaints.join('\n'), '');
}

describe('reading sources', () => {
  test('imports of every form are found, those in comments are not', () => {
    const [file] = sample({
      'src/a/b.ts': [
        "import { a } from '#core/a.ts';",
        "import type {\n  B,\n} from './b.ts';",
        "import 'node:fs';",
        "export { c } from './c.ts';",
        "const d = await import('./d.ts');",
        "/** import { no } from './no.ts' */",
        "  // import { no } from './no.ts'",
      ].join('\n'),
    });
    assert.ok(file);
    assert.deepEqual(importsOf(file), ['#core/a.ts', './b.ts', 'node:fs', './c.ts', './d.ts']);
  });

  test('exports with code are found, types are not', () => {
    const [file] = sample({
      'src/a.ts':
        'export function f() {}\nexport async function* g() {}\nexport const C = 1;\nexport type T = 1;\nexport interface I {}\nexport abstract class K {}\nfunction h() {}',
    });
    assert.ok(file);
    assert.deepEqual(exportsOf(file), ['f', 'g', 'C', 'K']);
  });
});

describe('imports', () => {
  test('folders depend on each other in one direction', () => {
    const bad = sample({
      'src/core/x.ts': "import '#store/y.ts';",
      'src/remote/x.ts': "import '../store/y.ts';",
      'src/store/x.ts': "import '#layer/a.ts';\nimport '#core/b.ts';",
      'src/new/x.ts': '',
    });
    assert.deepEqual(rules.importDirections(bad), [
      'src/core/x.ts: core may not import #store/y.ts',
      'src/remote/x.ts: remote may not import ../store/y.ts',
      'src/new/x.ts: the folder new is not in the import table',
    ]);
    none(rules.importDirections(files));
  });

  test('another folder by alias, the own one relatively', () => {
    const bad = sample({
      'src/store/x.ts':
        "import '../core/y.ts';\nimport '#store/z.ts';\nimport './no-extension';\nimport './a/b.ts';",
    });
    assert.deepEqual(rules.importForms(bad), [
      "src/store/x.ts: ../core/y.ts is another folder's, use its alias",
      'src/store/x.ts: #store/z.ts is of the own folder, import it relatively',
      'src/store/x.ts: ./no-extension needs its extension',
    ]);
    none(rules.importForms(files));
  });

  test('packages have a home', () => {
    const bad = sample({
      'src/store/x.ts': "import 'undici';\nimport 'node:sqlite';\nimport 'node:fs';",
      'src/core/x.ts': "import 'left-pad';\nimport 'node:sqlite';",
    });
    assert.deepEqual(rules.packageHomes(bad), [
      'src/store/x.ts: undici may be imported by remote only',
      'src/core/x.ts: left-pad may be imported by nobody only',
      'src/core/x.ts: node:sqlite may be imported by store, image only',
    ]);
    none(rules.packageHomes(files));
  });

  test('a build begins with what a build needs', () => {
    const [a, b] = sample({
      'src/a.ts':
        "import type { T } from 'types';\nimport { b } from './b.ts';\nawait import('later');",
      'src/b.ts': "export { c } from 'now';\nimport '#core/c.ts';",
    });
    const [c] = sample({ 'src/core/c.ts': "import {\n  d,\n} from 'deep';" });
    assert.ok(a && b && c);
    const all = loadedWith([a, b, c], ['src/a.ts']);
    assert.deepEqual([...all].sort(), [
      ['deep', 'src/a.ts > src/b.ts > src/core/c.ts'],
      ['now', 'src/a.ts > src/b.ts'],
    ]);
    const loaded = loadedWith(production, BUILD_BEGINS_WITH);
    assert.ok(loaded.has('node:sqlite'), 'the files are still the ones that a build begins with');
    none(LOADED_LATER.flatMap((name) => (loaded.has(name) ? `${name}: ${loaded.get(name)}` : [])));
  });

  test('Node’s modules by their full name', () => {
    assert.deepEqual(rules.nodePrefixes(sample({ 'src/a.ts': "import 'fs/promises';" })), [
      'src/a.ts: write node:fs/promises',
    ]);
    none(rules.nodePrefixes(files));
  });

  test('no re-exports but in the library’s face', () => {
    const bad = sample({
      'src/core/index.ts': "export * from './a.ts';",
      'src/core/b.ts': "export { a } from './a.ts';",
      'src/index.ts': "export * from './a.ts';",
    });
    assert.equal(rules.reExports(bad).length, 2);
    none(rules.reExports(files));
  });
});

describe('code', () => {
  test('one reader of the environment', () => {
    const bad = sample({
      'src/store/x.ts': 'const home = process.env.HOME;',
      'src/store/y.ts': '// process.env is read elsewhere',
      'src/cli/settings.ts': 'process.env',
      'test/x.test.ts': 'process.env',
    });
    assert.deepEqual(rules.environmentReaders(bad), [
      'src/store/x.ts: only src/cli/settings.ts reads process.env',
    ]);
    none(rules.environmentReaders(files));
  });

  test('default exports are commands', () => {
    const bad = sample({
      'src/cli/x.ts': 'export default class X {}',
      'src/commands/x.ts': 'export default class X {}',
    });
    assert.deepEqual(rules.defaultExports(bad), ['src/cli/x.ts: default exports are for commands']);
    none(rules.defaultExports(files));
  });

  test('no enums, namespaces, any, or checks switched off', () => {
    const bad = sample({
      'src/a.ts': 'export const enum A { B }',
      'src/b.ts': 'namespace N {}',
      'src/c.ts': 'let x: any;\nlet y = z as any;',
      'src/d.ts': `// ${'@ts'}-expect-error because`,
      'src/fine.ts': '// any: enum X\nconst company = { any: 1 };',
    });
    assert.deepEqual(rules.plainTypes(bad), [
      'src/a.ts: has an enum',
      'src/b.ts: has a namespace',
      'src/c.ts: has any',
      'src/d.ts: has a switched-off check',
    ]);
    none(rules.plainTypes(production));
  });

  test('what is exported is used', () => {
    const bad = sample({
      'src/a.ts': 'export function used() {}\nexport function unused() {}',
      'test/a.test.ts': 'used();',
    });
    assert.deepEqual(rules.deadExports(bad), ['src/a.ts: nobody uses unused']);
    none(rules.deadExports(files));
  });
});

describe('files', () => {
  test('each says what it is', () => {
    const bad = sample({ 'src/a.ts': "import './b.ts';", 'src/b.ts': '/** B. */\nconst b = 1;' });
    assert.equal(rules.headerComments(bad).length, 1);
    none(rules.headerComments(files));
  });

  test('names are kebab-case and say something', () => {
    const bad = sample({ 'src/fooBar.ts': '', 'src/tar-utils.ts': '', 'src/tar-read.ts': '' });
    assert.deepEqual(rules.fileNames(bad), [
      'src/fooBar.ts: not kebab-case',
      'src/tar-utils.ts: the name does not say what is in it',
    ]);
    none(rules.fileNames(files));
  });

  test('long ones have a reason', () => {
    const bad = sample({ 'src/a.ts': 'x\n'.repeat(3), 'src/b.ts': 'x\n' });
    const limits = { lines: 2, reasons: { 'src/b.ts': 'a table' } };
    assert.deepEqual(rules.longFiles(bad, limits), [
      'src/a.ts: longer than 2 lines without a reason',
      'src/b.ts: not that long (any more), take it off the list',
    ]);
    none(rules.longFiles(production, { lines: FILE_LINES_MAX, reasons: LONG_FILES }));
  });

  test('code has a test, or a reason', () => {
    const bad = sample({
      'src/x/a.ts': 'export function a() {}',
      'src/x/b.ts': 'export function b() {}',
      'src/x/c.ts': 'export interface C {}',
      'src/x/e.ts': "import './f.ts';\nexport function e() {}",
      'src/x/f.ts': 'export function f() {}',
      'registry/d.ts': 'export const d = 1;',
      'test/x/a.test.ts': "import '#x/e.ts';",
    });
    assert.deepEqual(rules.testMirrors(bad, { 'src/x/a.ts': 'x' }), [
      'src/x/b.ts: no test/x/b.test.ts, and no other test of its folder uses it',
      'registry/d.ts: no test/registry/d.test.ts, and no other test of its folder uses it',
      'src/x/a.ts: has its test (or is gone), take it off the list',
    ]);
    none(rules.testMirrors(files, TESTED_ELSEWHERE));
  });

  test('nothing speaks of one machine', () => {
    const bad = [
      { path: 'a.md', text: 'see /somewhere/checkout/x' },
      { path: 'b.md', text: 'see /var/lib/slipway and /somewhere/else' },
      { path: 'package-lock.json', text: '"resolved": "https://registry.test/x"' },
    ];
    assert.deepEqual(rules.machineText(bad, ['/somewhere/checkout']), [
      'a.md: the path /somewhere/checkout is of one machine',
      'package-lock.json: holds addresses of a package registry',
    ]);
    none(rules.machineText(texts, machinePaths()));
  });
});

/** This checkout and what lies beside it; beside one in the root folder lies the whole system. */
function machinePaths(): readonly string[] {
  const parent = dirname(ROOT);
  return parent === '/' ? [ROOT] : readdirSync(parent).map((name) => join(parent, name));
}
