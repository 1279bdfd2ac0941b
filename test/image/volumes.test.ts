/** save --volume-size: volumes are the archive, a set with a list is complete, one can be made again. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import { saveImages } from '#image/save.ts';
import type { VolumeOptions } from '#image/volumes.ts';
import type { LocalStore } from '#store/local-store.ts';
import { decodeVolumes } from '#store/volumes-document.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

async function save(
  store: LocalStore,
  output: string,
  volumes?: VolumeOptions,
): Promise<readonly string[]> {
  const notes: string[] = [];
  const events = (event: Event): void => void (event.kind === 'note' && notes.push(event.text));
  const images = ['app:1'];
  await saveImages({ store, images, output, platform, events, ...(volumes ? { volumes } : {}) });
  return notes;
}

async function listOf(folder: TempFolder) {
  return decodeVolumes(await readFile(folder.at('x.tar.volumes.json')), 'the list');
}

describe('volumes', () => {
  it('one after the other they are the archive, and the list tells each', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage({ fileSize: 20_000 }), 'app:1');
    await save(from.store, folder.at('whole.tar'));
    await save(from.store, folder.at('x.tar'), { size: '10k' });
    const whole = await readFile(folder.at('whole.tar'));
    const { volumes, bundle, id } = await listOf(folder);
    assert.equal(volumes.length, Math.ceil(whole.length / 10_240));
    const parts = await Promise.all(volumes.map(({ name }) => readFile(folder.at(name))));
    assert.ok(Buffer.concat(parts).equals(whole));
    assert.deepEqual(
      volumes.map(({ name, offset, size, digest }) => ({ name, offset, size, digest })),
      parts.map((part, i) => ({
        name: `x.tar.00${i + 1}`,
        offset: i * 10_240,
        size: part.length,
        digest: digestOf(part),
      })),
    );
    for (const { digest, offset, size } of bundle.blobs) {
      assert.equal(digestOf(whole.subarray(offset, offset + size)), digest);
    }
    const last = whole.subarray(
      whole.indexOf('{"schemaVersion":1,"mediaType":"application/vnd.slipway.bundle'),
    );
    assert.equal(digestOf(last.subarray(0, last.indexOf('\n') + 1)), id);
    const checked = execFileSync('sha256sum', ['-c', 'x.tar.sha256'], { cwd: folder.path });
    assert.equal(checked.toString().split(': OK\n').length - 1, volumes.length);
  });

  it('right volumes are kept, wrong ones and leftovers of a larger set replaced', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage({ fileSize: 20_000 }), 'app:1');
    await save(from.store, folder.at('x.tar'), { size: '10k' });
    const right = await readFile(folder.at('x.tar.002'));
    const wrong = Buffer.from(right);
    wrong[5000] = (wrong[5000] ?? 0) ^ 1;
    await writeFile(folder.at('x.tar.002'), wrong);
    await rm(folder.at('x.tar.003'));
    const [one, list] = [await stat(folder.at('x.tar.001')), await listOf(folder)];
    const next = `x.tar.${String(list.volumes.length + 1).padStart(3, '0')}`;
    await writeFile(folder.at(next), 'of an earlier set');
    await writeFile(folder.at('x.tar.2024'), 'nothing of ours');
    const notes = await save(from.store, folder.at('x.tar'), { size: '10k' });
    assert.equal((await stat(folder.at('x.tar.001'))).ino, one.ino);
    assert.ok(notes.includes('x.tar.001: kept, it was right'), notes.join('\n'));
    assert.ok((await readFile(folder.at('x.tar.002'))).equals(right));
    assert.deepEqual(await listOf(folder), list);
    assert.deepEqual((await readdir(folder.path)).sort(), [
      ...list.volumes.map(({ name }) => name),
      'x.tar.2024',
      'x.tar.sha256',
      'x.tar.volumes.json',
    ]);
  });

  it('--volumes writes those alone, from the same images only', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage({ fileSize: 20_000 }), 'app:1');
    await save(from.store, folder.at('x.tar'), { size: '10k' });
    const list = await listOf(folder);
    const second = await readFile(folder.at('x.tar.002'));
    for (const { name } of list.volumes) await rm(folder.at(name));
    const only = new Set([2]);
    await save(from.store, folder.at('x.tar'), { size: '10k', only });
    const names = (await readdir(folder.path)).filter((name) => /\.\d+$/.test(name));
    assert.deepEqual(names, ['x.tar.002']);
    assert.ok((await readFile(folder.at('x.tar.002'))).equals(second));
    assert.deepEqual(await listOf(folder), list);
    await assert.rejects(save(from.store, folder.at('x.tar'), { size: '20k', only }), {
      code: 'NAME_CONFLICT',
    });
    await storeImage(from.store, await sampleImage({ fileSize: 20_000 }), 'app:1');
    await assert.rejects(save(from.store, folder.at('x.tar'), { size: '10k', only }), {
      code: 'NAME_CONFLICT',
    });
    await assert.rejects(
      save(from.store, folder.at('y.tar'), { size: '10k', only: new Set([99]) }),
      { code: 'VOLUME_MISSING' },
    );
  });

  it('a save that fails midway leaves whole volumes and no list', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    const image = await sampleImage({ fileSize: 20_000 });
    await storeImage(from.store, image, 'app:1');
    await save(from.store, folder.at('x.tar'), { size: '10k' });
    const { volumes } = await listOf(folder);
    for (const { name } of volumes) await rm(folder.at(name));
    await rm(folder.at('x.tar.volumes.json'));
    const order = [...image.layers].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    const last = order.at(-1);
    assert.ok(last);
    await writeFile(from.store.paths.blob(last.digest), Buffer.alloc(last.bytes.byteLength, 7));
    await assert.rejects(save(from.store, folder.at('x.tar'), { size: '10k' }), {
      code: 'DIGEST_MISMATCH',
    });
    const left = await readdir(folder.path);
    assert.ok(left.includes('x.tar.001'));
    assert.ok(!left.includes('x.tar.volumes.json'));
    assert.deepEqual(
      left.filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('too many volumes, no size, no path: USAGE', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage(), 'app:1');
    for (const size of ['1', 'x', '0']) {
      await assert.rejects(save(from.store, folder.at('x.tar'), { size }), { code: 'USAGE' });
    }
    const stream = { store: from.store, images: ['app:1'], platform, output: process.stdout };
    await assert.rejects(saveImages({ ...stream, volumes: { size: '4G' } }), { code: 'USAGE' });
    assert.deepEqual(await readdir(folder.path), []);
  });
});
