/** Archives made to harm, through the real command: refused by name, and nothing is left of them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { file, tarOf } from '#test/helpers/entries.ts';
import { rawTar } from '#test/helpers/raw-tar.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

async function run(folder: TempFolder, argv: readonly string[]): Promise<CliOutcome> {
  mkdirSync(folder.at('tmp'), { recursive: true });
  return await slipway(argv, { root: folder.at('store'), temporary: folder.at('tmp') });
}

async function addOf(folder: TempFolder, tar: Buffer): Promise<CliOutcome> {
  const context = folder.at('context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'archive'), tar);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nADD archive /to/\n');
  return await run(folder, ['build', '--progress=plain', '-t', 'added', context]);
}

function assertNothingLeft(folder: TempFolder): void {
  assert.deepEqual(readdirSync(join(folder.at('store'), 'ingest')), []);
  assert.deepEqual(readdirSync(folder.at('tmp')), []);
}

const REFUSED: readonly (readonly [string, RegExp, Buffer])[] = [
  [
    'a name that climbs',
    /leads out of the archive/,
    rawTar([{ name: 'a' }, { name: '../../evil' }]),
  ],
  [
    'a hard link that climbs',
    /leads out of the archive/,
    rawTar([{ name: 'a', type: 'hardlink', link: '../../etc/passwd' }]),
  ],
  [
    'a root that is a symlink',
    /root directory/,
    rawTar([{ name: './', type: 'symlink', link: '/' }]),
  ],
  [
    'content that is cut off',
    /ends within the content/,
    rawTar([{ name: 'a', content: Buffer.alloc(50_000) }]).subarray(0, 20_000),
  ],
];

for (const [what, reason, tar] of REFUSED) {
  test(`ADD of a tar with ${what} fails and leaves nothing`, async () => {
    using folder = tempFolder();
    const { exitCode, stderr } = await addOf(folder, tar);
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, reason);
    assertNothingLeft(folder);
    assert.equal(existsSync(join(folder.path, '../evil')), false);
    assert.equal((await run(folder, ['images', '-q'])).stdout, '');
  });
}

test('load of an image with a flipped bit in a layer fails and leaves nothing', async () => {
  using folder = tempFolder();
  const built = await addOf(folder, await tarOf([file('f', 'content '.repeat(1000))]));
  assert.equal(built.exitCode, 0, built.stderr);
  const saved = await run(folder, ['save', '-o', folder.at('image.tar'), 'added']);
  assert.equal(saved.exitCode, 0, saved.stderr);
  const tar = readFileSync(folder.at('image.tar'));
  const at = tar.indexOf('content content');
  assert.ok(at > 0);
  tar[at] = (tar[at] ?? 0) ^ 1;
  writeFileSync(folder.at('image.tar'), tar);
  const far = { root: folder.at('far'), temporary: folder.at('tmp') };
  const { exitCode, stderr } = await slipway(['load', '-i', folder.at('image.tar')], far);
  assert.equal(exitCode, 1);
  assert.match(stderr, /digest|does not hash/);
  assert.deepEqual(readdirSync(join(folder.at('far'), 'ingest')), []);
  assert.equal((await slipway(['images', '-q'], far)).stdout, '');
});
