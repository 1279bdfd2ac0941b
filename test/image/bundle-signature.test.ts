/** Signed archives: what is refused before the store is touched, and that openssl agrees. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import pLimit from 'p-limit';
import { parseReference } from '#core/reference.ts';
import { archiveInputs } from '#image/archive-inputs.ts';
import { readSigningKey, readVerifyKey, signedFiles } from '#image/bundle-signature.ts';
import { listImages } from '#image/list.ts';
import { loadImages } from '#image/load.ts';
import { loadVolumes } from '#image/load-volumes.ts';
import { saveImages } from '#image/save.ts';
import type { VolumeOptions } from '#image/volumes.ts';
import type { LocalStore } from '#store/local-store.ts';
import { readOciArchive } from '#store/oci-archive.ts';
import type { PackedFiles } from '#store/packed-files.ts';
import { openTarFiles } from '#store/tar-files.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

/** Writes NAME.pem and NAME.pub. */
async function keyPair(folder: TempFolder, name: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(folder.at(`${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(folder.at(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
}

async function saveSigned(folder: TempFolder, volumes?: VolumeOptions): Promise<void> {
  await using from = await temporaryStore();
  await storeImage(from.store, await sampleImage({ fileSize: 15_000 }), 'app:1');
  await saveImages({
    store: from.store,
    images: ['app:1'],
    output: folder.at('x.tar'),
    platform,
    sign: await readSigningKey(folder.at('mine.pem')),
    ...(volumes ? { volumes } : {}),
  });
}

async function load(store: LocalStore, path: string, key: string): Promise<void> {
  const verify = await readVerifyKey(key);
  const options = { store, platform, limit: pLimit(2), verify };
  for (const given of await archiveInputs([path])) {
    if (given.kind === 'volumes') await loadVolumes(given, options);
    else await loadImages({ ...options, input: given.input });
  }
}

async function untouched(store: LocalStore): Promise<void> {
  assert.deepEqual(await listImages({ store, platform }), []);
  assert.deepEqual(await readdir(`${store.paths.blobs}/sha256`), []);
}

describe('signed archives', () => {
  it('load with either half of the right key; without one the signature is ignored', async () => {
    using folder = tempFolder();
    await keyPair(folder, 'mine');
    await saveSigned(folder);
    for (const key of ['mine.pub', 'mine.pem']) {
      await using to = await temporaryStore();
      await load(to.store, folder.at('x.tar'), folder.at(key));
      assert.equal((await listImages({ store: to.store, platform })).length, 1);
    }
    await using to = await temporaryStore();
    await loadImages({ store: to.store, platform, limit: pLimit(2), input: folder.at('x.tar') });
  });

  it('openssl checks the same signature', async (t) => {
    using folder = tempFolder();
    await keyPair(folder, 'mine');
    await saveSigned(folder);
    const run = (program: string, ...args: readonly string[]): string =>
      execFileSync(program, args, { cwd: folder.path, encoding: 'utf8', stdio: 'pipe' });
    try {
      run('openssl', 'version');
    } catch {
      t.skip('needs openssl');
      return;
    }
    run('tar', '-xf', 'x.tar', 'bundle.json', 'bundle.json.sig');
    const files = ['-in', 'bundle.json', '-sigfile', 'bundle.json.sig'];
    const key = ['-pubin', '-inkey', 'mine.pub'];
    const said = run('openssl', 'pkeyutl', '-verify', ...key, '-rawin', ...files);
    assert.match(said, /Verified Successfully/);
  });

  it('the wrong key, no signature: refused by name, the store untouched', async () => {
    using folder = tempFolder();
    await keyPair(folder, 'mine');
    await keyPair(folder, 'other');
    await saveSigned(folder);
    await using to = await temporaryStore();
    await assert.rejects(load(to.store, folder.at('x.tar'), folder.at('other.pub')), {
      code: 'SIGNATURE_WRONG',
    });
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage(), 'app:1');
    const output = folder.at('unsigned.tar');
    await saveImages({ store: from.store, images: ['app:1'], output, platform });
    await assert.rejects(load(to.store, output, folder.at('mine.pub')), {
      code: 'SIGNATURE_MISSING',
    });
    await untouched(to.store);
  });

  const CHANGES: readonly {
    readonly fact: string;
    readonly change: (tar: Buffer) => Buffer;
    readonly code: string;
  }[] = [
    {
      fact: 'a name in index.json',
      change: (tar) => replaced(tar, 'docker.io/library/app:1', 'docker.io/library/ape:1'),
      code: 'SIGNATURE_WRONG',
    },
    {
      fact: 'a name in bundle.json',
      change: (tar) =>
        replaced(tar, '"names":["docker.io/library/app:1"', '"names":["docker.io/library/ape:1"'),
      code: 'SIGNATURE_WRONG',
    },
    {
      fact: 'manifest.json',
      change: (tar) => replaced(tar, '"RepoTags":["app:1"]', '"RepoTags":["ape:1"]'),
      code: 'SIGNATURE_WRONG',
    },
    {
      fact: 'index.json hidden, so that another document would be read',
      change: (tar) => replaced(tar, 'index.json\0', 'indez.json\0'),
      code: 'SIGNATURE_WRONG',
    },
    {
      fact: 'the signature',
      change: (tar) => {
        const at = tar.indexOf('bundle.json.sig\0') + 512;
        tar[at] = (tar[at] ?? 0) ^ 1;
        return tar;
      },
      code: 'SIGNATURE_WRONG',
    },
  ];
  for (const { fact, change, code } of CHANGES) {
    it(`changed: ${fact}: ${code}, the store untouched`, async () => {
      using folder = tempFolder();
      await keyPair(folder, 'mine');
      await saveSigned(folder);
      await writeFile(folder.at('x.tar'), change(await readFile(folder.at('x.tar'))));
      await using to = await temporaryStore();
      await assert.rejects(load(to.store, folder.at('x.tar'), folder.at('mine.pub')), { code });
      await untouched(to.store);
    });
  }

  it('what was verified is what is loaded, whatever becomes of the file meanwhile', async () => {
    using folder = tempFolder();
    await keyPair(folder, 'mine');
    await saveSigned(folder);
    const files = await openTarFiles(folder.at('x.tar'));
    const signed = await signedFiles(files, await readVerifyKey(folder.at('mine.pub')));
    const tar = await readFile(folder.at('x.tar'));
    await writeFile(folder.at('x.tar'), replaced(tar, 'library/app:1', 'library/ape:1'));
    const names = async (from: PackedFiles) => (await readOciArchive(from))?.images[0]?.names;
    assert.deepEqual(await names(files), [parseReference('ape:1')]);
    assert.deepEqual(await names(signed), [parseReference('app:1')]);
  });

  it('some volumes are checked too, by the list', async () => {
    using folder = tempFolder();
    await keyPair(folder, 'mine');
    await keyPair(folder, 'other');
    await saveSigned(folder, { size: '10k' });
    await rm(folder.at('x.tar.002'));
    await using to = await temporaryStore();
    const list = folder.at('x.tar.volumes.json');
    await load(to.store, list, folder.at('mine.pub'));
    await assert.rejects(load(to.store, list, folder.at('other.pub')), {
      code: 'SIGNATURE_WRONG',
    });
  });
});

describe('keys', () => {
  it('of another kind, damaged, missing: by name, with how to make one', async () => {
    using folder = tempFolder();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(folder.at('ec'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(folder.at('text'), 'hello');
    for (const name of ['ec', 'text']) {
      await assert.rejects(readSigningKey(folder.at(name)), { code: 'KEY_INVALID' });
      await assert.rejects(readVerifyKey(folder.at(name)), { code: 'KEY_INVALID' });
    }
    await keyPair(folder, 'mine');
    await assert.rejects(readSigningKey(folder.at('mine.pub')), { code: 'KEY_INVALID' });
    await assert.rejects(readVerifyKey(folder.at('none')), { code: 'FILE_MISSING' });
    await assert.rejects(readVerifyKey(folder.at('.')), {
      code: 'KEY_INVALID',
      message: /is a folder, not a key$/,
    });
  });
});

/** The first occurrence, by bytes of the same length. */
function replaced(tar: Buffer, from: string, to: string): Buffer {
  const at = tar.indexOf(from);
  assert.ok(at >= 0 && from.length === to.length, from);
  tar.write(to, at, 'latin1');
  // A header's name is part of its checksum.
  if (from.endsWith('\0')) {
    const sum = Number.parseInt(tar.toString('latin1', at + 148, at + 154), 8);
    const text = (sum + 2).toString(8).padStart(6, '0');
    tar.write(text, at + 148, 'latin1');
  }
  return tar;
}
