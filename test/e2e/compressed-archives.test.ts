/**
 * Archives in every compression through the real command: ADD unpacks them, load reads them, and each
 * gives what the plain tar gives. Damaged ones are refused and leave nothing behind.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { slipway } from '#test/helpers/cli-process.ts';
import { directory, file, hardlink, symlink, tarOf } from '#test/helpers/entries.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  gzip: ['gzip', '-c'],
  zstd: ['zstd', '-qc'],
  xz: ['xz', '-c'],
  bzip2: ['bzip2', '-c'],
};

/** Compressed by the program; undefined, having skipped, where it is missing. */
function packed(t: TestContext, [program, ...args]: readonly string[], plain: Buffer) {
  assert.ok(program);
  const made = spawnSync(program, args, { input: plain, maxBuffer: 2 ** 28 });
  if (made.error === undefined) return made.stdout;
  t.skip(`needs ${program}: the program is not installed`);
  return undefined;
}

async function run(folder: TempFolder, argv: readonly string[], store = 'store') {
  mkdirSync(folder.at('tmp'), { recursive: true });
  return await slipway(argv, { root: folder.at(store), temporary: folder.at('tmp') });
}

async function good(folder: TempFolder, argv: readonly string[], store?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await run(folder, argv, store);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

async function treeTar(): Promise<Buffer> {
  return await tarOf([
    directory('d', { mode: 0o750 }),
    file('d/f', 'content '.repeat(20_000), { uid: 7 }),
    hardlink('d/g', 'd/f'),
    symlink('d/l', '/f'),
  ]);
}

async function layersOfAdd(folder: TempFolder, archive: Buffer): Promise<string> {
  const context = folder.at('context');
  mkdirSync(context, { recursive: true });
  // The name says nothing: only the content counts.
  writeFileSync(join(context, 'archive'), archive);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nADD archive /to/\n');
  await good(folder, ['build', '-q', '-t', 'added', context]);
  return await good(folder, ['inspect', '-f', '{{.RootFS.Layers}}', 'added']);
}

for (const [codec, program] of Object.entries(PROGRAMS)) {
  test(`ADD of a tar in ${codec} is what ADD of the tar is`, async (t) => {
    const plain = await treeTar();
    const archive = packed(t, program, plain);
    if (archive === undefined) return;
    using folder = tempFolder();
    assert.equal(await layersOfAdd(folder, archive), await layersOfAdd(folder, plain));
  });

  test(`load of an image in ${codec} gives the same image, and of a cut one nothing`, async (t) => {
    using folder = tempFolder();
    await layersOfAdd(folder, await treeTar());
    await good(folder, ['save', '-o', folder.at('image.tar'), 'added']);
    const archive = packed(t, program, readFileSync(folder.at('image.tar')));
    if (archive === undefined) return;
    writeFileSync(folder.at('image.packed'), archive);
    writeFileSync(folder.at('image.cut'), archive.subarray(0, archive.length - 5));
    const cut = await run(folder, ['load', '-i', folder.at('image.cut')], 'far');
    assert.equal(cut.exitCode, 1);
    assert.match(cut.stderr, new RegExp(`damaged compressed data \\(${codec}\\)`));
    assert.equal(await good(folder, ['images', '-q'], 'far'), '');
    assert.deepEqual(readdirSync(join(folder.at('far'), 'ingest')), []);
    await good(folder, ['load', '-i', folder.at('image.packed')], 'far');
    const id = ['inspect', '-f', '{{.Id}}', 'added'];
    assert.equal(await good(folder, id, 'far'), await good(folder, id));
  });
}

test('ADD of a small tar with huge holes is refused as a bomb', async () => {
  using folder = tempFolder();
  const made = spawnSync('sh', ['-c', 'truncate -s 1T holes && tar -cSf - holes'], {
    cwd: folder.path,
    maxBuffer: 2 ** 26,
  });
  assert.equal(made.status, 0, made.stderr.toString());
  const context = folder.at('context');
  mkdirSync(context);
  writeFileSync(join(context, 'archive'), made.stdout);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nADD archive /\n');
  const { exitCode, stderr } = await run(folder, ['build', '--progress=plain', context]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /looks like a decompression bomb/);
  assert.deepEqual(readdirSync(join(folder.at('store'), 'ingest')), []);
});
