/** Moving images by the real command: volumes, signatures, a killed save, a registry at the far end. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalStore } from '#store/local-store.ts';
import { type CliOutcome, slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

async function good(root: string, ...argv: readonly string[]): Promise<CliOutcome> {
  const outcome = await slipway(argv, { root });
  assert.equal(outcome.exitCode, 0, `slipway ${argv.join(' ')}\n${outcome.stderr}`);
  return outcome;
}

/** A store with `app:1`; gives its folder. */
async function storeWith(folder: TempFolder, fileSize: number): Promise<string> {
  const root = folder.at('here');
  await using store = await LocalStore.open({ root });
  await storeImage(store, await sampleImage({ layers: 1, fileSize }), 'app:1');
  return root;
}

test('signed volumes, one stick after the other', async () => {
  using folder = tempFolder();
  const here = await storeWith(folder, 300_000);
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', args, { cwd: folder.path, stdio: 'pipe' });
  openssl('genpkey', '-algorithm', 'ed25519', '-out', 'key.pem');
  openssl('pkey', '-in', 'key.pem', '-pubout', '-out', 'key.pub');
  const tar = folder.at('x.tar');
  const how = ['--volume-size', '128k', '--sign', folder.at('key.pem')];
  await good(here, 'save', ...how, '-o', tar, 'app:1');
  const there = folder.at('there');
  mkdirSync(folder.at('stick'));
  renameSync(`${tar}.003`, folder.at('stick/x.tar.003'));
  const verify = ['--verify', folder.at('key.pub')];
  const begun = await good(there, 'load', ...verify, '-i', `${tar}.001`);
  assert.equal(begun.stdout, '');
  assert.match(begun.stderr, /^2 of 3 volumes are here; still to come: x\.tar\.003$/m);
  assert.match(begun.stderr, /^not complete yet: app:1 needs x\.tar\.003$/m);
  const done = await good(there, 'load', ...verify, '-i', folder.at('stick/x.tar.003'));
  assert.equal(done.stdout, 'Loaded image: app:1\n');
  await good(here, 'save', ...how, '--volumes', '3', '-o', tar, 'app:1');
  assert.deepEqual(readFileSync(`${tar}.003`), readFileSync(folder.at('stick/x.tar.003')));
});

test('a killed save goes on where it was', async () => {
  using folder = tempFolder();
  const here = await storeWith(folder, 0);
  {
    await using store = await LocalStore.open({ root: here });
    await storeImage(store, await sampleImage({ layers: 1, fileSize: 96 * 1024 ** 2 }), 'app:1');
  }
  mkdirSync(folder.at('out'));
  const tar = folder.at('out/x.tar');
  const left = await killedSave(here, tar);
  const { stderr } = await good(here, 'save', '-o', tar, 'app:1');
  assert.match(
    stderr,
    new RegExp(`^went on with ${tar}: \\d+ bytes of an interrupted save were right$`, 'm'),
  );
  assert.equal(statSync(tar).ino, left);
  await good(here, 'save', '-o', folder.at('whole.tar'), 'app:1');
  assert.ok(readFileSync(tar).equals(readFileSync(folder.at('whole.tar'))));
  assert.deepEqual(readdirSync(folder.at('out')), ['x.tar']);
});

/** Kills a save that has written something; gives the inode of what is left. */
async function killedSave(root: string, tar: string): Promise<number> {
  const folder = tar.slice(0, tar.lastIndexOf('/'));
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const save = startSlipway(['save', '-o', tar, 'app:1'], { root });
    const isOver = save.outcome.then(() => true);
    while (!(await Promise.race([isOver, sleep(2, false)]))) {
      const [name] = readdirSync(folder).filter((one) => one.includes('.slipway-'));
      if (name === undefined || sizeIn(folder, name) < 1024 ** 2) continue;
      save.kill('SIGKILL');
      await isOver;
      const rest = readdirSync(folder).find((one) => one.includes('.slipway-'));
      if (rest !== undefined) return statSync(`${folder}/${rest}`).ino;
    }
  }
  throw new Error('every save was over before it could be killed');
}

function sizeIn(folder: string, name: string): number {
  return statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.size ?? 0;
}

test('load --to a registry, nothing kept here', async () => {
  using folder = tempFolder();
  const here = await storeWith(folder, 1000);
  await good(here, 'save', '-o', folder.at('x.tar'), 'app:1');
  const serve = ['registry', 'serve', '--addr', '127.0.0.1:0'];
  const registry = startSlipway(serve, { root: folder.at('served') });
  try {
    const address = /127\.0\.0\.1:\d+/.exec(await registry.firstLine)?.[0];
    assert.ok(address);
    const there = folder.at('there');
    const to = ['--to', `registry://${address}/mirror`];
    const { stdout } = await good(there, 'load', ...to, '-i', folder.at('x.tar'));
    assert.equal(stdout, `Loaded image: ${address}/mirror/app:1\n`);
    assert.equal((await good(there, 'images', '-q')).stdout, '');
    const pulled = await good(there, 'pull', '-q', `${address}/mirror/app:1`);
    assert.equal(pulled.stdout, `${address}/mirror/app:1\n`);
  } finally {
    registry.kill('SIGTERM');
    await registry.outcome;
  }
});

test('a wrong file says what it is', async () => {
  using folder = tempFolder();
  const bytes = randomBytes(4000);
  writeFileSync(folder.at('x.tar.002'), bytes);
  const { exitCode, stderr } = await slipway(['load', '-i', folder.at('x.tar.002')], {
    root: folder.at('there'),
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /x\.tar\.002 is not a tar, so it is no image archive/);
});
