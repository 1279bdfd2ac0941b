/** Files of the bundle: loaded as Node would, with the byte code of an earlier run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const LOADER = new URL('../../src/cli/bundle-loader.ts', import.meta.url).href;

/** A bundle of one chunk, and a process that loads it. */
function bundle(chunk: string) {
  const temporary = tempFolder();
  const folder = temporary.path;
  mkdirSync(join(folder, 'chunks'));
  writeFileSync(join(folder, 'main.cjs'), 'exports.a = require("./chunks/a-12345678.cjs");');
  writeFileSync(join(folder, 'chunks/a-12345678.cjs'), chunk);
  const kept = join(folder, 'byte-code');
  return {
    kept,
    folder,
    [Symbol.dispose]: () => temporary[Symbol.dispose](),
    run(then: string, flags: readonly string[] = []) {
      const code = `import { bundleLoader } from '${LOADER}';
        const { a } = bundleLoader('${kept}')('${join(folder, 'main.cjs')}');\n${then}`;
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [...flags, '--input-type=module', '--eval', code],
        { encoding: 'utf8' },
      );
      assert.equal(stderr, '');
      return { stdout, status };
    },
    keptFile: () => join(kept, readdirSync(kept)[0] ?? ''),
  };
}

const CHUNK = `const path = require("node:path");
exports.name = path.basename(__filename) + path.basename(__dirname);
exports.later = (n) => { const twice = (m) => m * 2; return twice(n) + 1; };`;

test('a chunk has what CommonJS has, and its functions work with and without byte code', () => {
  using made = bundle(CHUNK);
  const { run, keptFile } = made;
  for (const _ of ['first', 'second']) {
    const { stdout } = run('console.log(a.name, a.later(20))');
    assert.equal(stdout, 'a-12345678.cjschunks 41\n');
    assert.ok(statSync(keptFile()).size > 0);
  }
});

test('what was called is in the byte code, what was not is not', () => {
  using uncalled = bundle(CHUNK);
  uncalled.run('');
  using called = bundle(CHUNK);
  called.run('a.later(1)');
  assert.ok(statSync(called.keptFile()).size > statSync(uncalled.keptFile()).size);
});

test('what is kept is taken, and not written again', () => {
  using made = bundle(CHUNK);
  const { run, keptFile } = made;
  run('a.later(1)');
  const { ino } = statSync(keptFile());
  run('a.later(1)');
  assert.equal(statSync(keptFile()).ino, ino);
});

test('a run that fails keeps nothing: it may not have come far', () => {
  using made = bundle(CHUNK);
  const { run, kept } = made;
  assert.equal(run('process.exit(3)').status, 3);
  assert.throws(() => readdirSync(kept), { code: 'ENOENT' });
});

test('byte code that V8 refuses is replaced', () => {
  using made = bundle(CHUNK);
  const { run, keptFile } = made;
  run('a.later(1)');
  const whole = readFileSync(keptFile());
  for (const bad of [Buffer.alloc(0), Buffer.alloc(64), whole.subarray(0, whole.length - 8)]) {
    writeFileSync(keptFile(), bad);
    assert.equal(run('console.log(a.later(20))').stdout, '41\n');
    assert.equal(statSync(keptFile()).size, whole.length);
  }
  // Another V8 is one with other flags, too.
  run('a.later(1)', ['--no-opt']);
  assert.notDeepEqual(readFileSync(keptFile()), whole);
});

test('where nothing can be written the bundle works all the same', () => {
  using made = bundle(CHUNK);
  const { run, kept } = made;
  writeFileSync(kept, 'a file is in the way');
  assert.deepEqual(run('console.log(a.later(20))'), { stdout: '41\n', status: 0 });
});

test('whatever the umask, nobody else may write byte code', () => {
  using made = bundle(CHUNK);
  made.run('process.umask(0)');
  for (const path of [made.kept, made.keptFile()]) assert.equal(statSync(path).mode & 0o022, 0);
});

const isRoot = process.geteuid?.() === 0;
test(
  'root leaves no files in the bundle of somebody else',
  isRoot ? {} : { skip: 'needs root' },
  () => {
    using made = bundle(CHUNK);
    chownSync(join(made.folder, 'chunks/a-12345678.cjs'), 65534, 65534);
    assert.equal(made.run('console.log(a.later(20))').stdout, '41\n');
    assert.ok(!existsSync(made.kept));
  },
);

test('chunks that require each other see what the other has by then', () => {
  using made = bundle('exports.b = require("./b-12345678.cjs");\nexports.name = "a";');
  writeFileSync(
    join(made.folder, 'chunks/b-12345678.cjs'),
    'const a = require("./a-12345678.cjs");\nexports.nameOfA = () => a.name;',
  );
  assert.equal(made.run('console.log(a.b.nameOfA())').stdout, 'a\n');
});

test('the bundle is ASCII, as which the loader reads it', () => {
  const dist = join(import.meta.dirname, '../../dist');
  const files = globSync('**/*.cjs', { cwd: dist });
  assert.ok(files.length > 50, `${files.length} files: built by bin/setup`);
  const others = files.filter((file) => /[^\0-\x7f]/.test(readFileSync(join(dist, file), 'utf8')));
  assert.deepEqual(others, []);
});
