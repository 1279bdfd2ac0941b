/** load of volumes: together, one after the other, in any order; damaged ones are named. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { describe, it } from 'node:test';
import pLimit from 'p-limit';
import { isSlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { familiarReference } from '#core/reference.ts';
import { archiveInputs } from '#image/archive-inputs.ts';
import { listImages } from '#image/list.ts';
import { loadImages } from '#image/load.ts';
import { loadVolumes, wholeSegments } from '#image/load-volumes.ts';
import { saveImages } from '#image/save.ts';
import { dropIncoming, INCOMING_TTL_MS, incomingLists, keptVolumes } from '#store/incoming.ts';
import type { LocalStore } from '#store/local-store.ts';
import { decodeVolumes } from '#store/volumes-document.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

interface Outcome {
  readonly names: readonly string[];
  readonly notes: readonly string[];
}

async function load(store: LocalStore, ...paths: readonly string[]): Promise<Outcome> {
  const notes: string[] = [];
  const names: string[] = [];
  for (const given of await archiveInputs(paths, await incomingLists(store.paths))) {
    const options = {
      store,
      platform,
      limit: pLimit(2),
      events: (event: { readonly kind: string; readonly text?: string }) =>
        void (event.kind === 'note' && notes.push(event.text ?? '')),
    };
    const loaded =
      given.kind === 'volumes'
        ? await loadVolumes(given, options)
        : await loadImages({ ...options, input: given.input });
    names.push(...loaded.flatMap((image) => image.names.map(familiarReference)));
  }
  return { names, notes };
}

/** Two images in volumes of 10 kB; gives the volumes' names. */
async function saved(folder: TempFolder): Promise<readonly string[]> {
  await using from = await temporaryStore();
  await storeImage(from.store, await sampleImage({ layers: 1, fileSize: 15_000 }), 'a:1');
  await storeImage(from.store, await sampleImage({ layers: 1, fileSize: 15_000 }), 'b:1');
  await saveImages({
    store: from.store,
    images: ['a:1', 'b:1'],
    output: folder.at('x.tar'),
    platform,
    volumes: { size: '10k' },
  });
  const path = folder.at('x.tar.volumes.json');
  return decodeVolumes(await readFile(path), path).volumes.map(({ name }) => name);
}

/** Moves files into a folder of their own, as onto a stick. */
async function stick(folder: TempFolder, ...names: readonly string[]): Promise<string> {
  const place = folder.at(`stick-${names.join('-')}`);
  await mkdir(place);
  for (const name of names) await cp(folder.at(name), `${place}/${name}`);
  return place;
}

/** The volumes that the store keeps, by name. */
async function incoming(store: LocalStore): Promise<readonly string[]> {
  const lists = await incomingLists(store.paths);
  const kept = await Promise.all(lists.map((list) => keptVolumes(store.paths, list)));
  return kept.flatMap((volumes) => [...volumes.keys()]).sort();
}

async function keptPath(store: LocalStore, name: string): Promise<string> {
  for (const list of await incomingLists(store.paths)) {
    const path = (await keptVolumes(store.paths, list)).get(name);
    if (path !== undefined) return path;
  }
  assert.fail(`${name} is not kept`);
}

describe('a load given again', () => {
  it('copies only what did not arrive the first time', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const image = await sampleImage({ layers: 3, fileSize: 5000 });
    await storeImage(from.store, image, 'a:1');
    const input = folder.at('x.tar');
    await saveImages({ store: from.store, images: ['a:1'], output: input, platform });
    const whole = await readFile(input);
    const damaged = Buffer.from(whole);
    const last = whole.indexOf(image.layers[2]?.bytes ?? '');
    assert.ok(last > 0);
    damaged[last + 600] = (damaged[last + 600] ?? 0) ^ 1;
    await writeFile(input, damaged);
    const moved = new Set<string>();
    const events = (event: Event): void => {
      if (event.kind === 'transfer' && event.state === 'transferring') moved.add(event.digest);
    };
    const options = { store: to.store, platform, limit: pLimit(1), input, events };
    await assert.rejects(loadImages(options), { code: 'DIGEST_MISMATCH' });
    assert.ok(moved.size >= 3);
    await writeFile(input, whole);
    moved.clear();
    await loadImages(options);
    assert.deepEqual(
      image.layers.map(({ digest }) => moved.has(digest)),
      [false, false, true],
    );
    assert.equal((await listImages({ store: to.store, platform })).length, 1);
  });
});

describe('load of volumes', () => {
  it('by the list, by any volume, by all in any order, and put together by others', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    const paths = names.map((name) => folder.at(name));
    const all = [...paths].reverse();
    for (const given of [[folder.at('x.tar.volumes.json')], [paths[1] ?? ''], all]) {
      await using to = await temporaryStore();
      assert.deepEqual(await load(to.store, ...given), { names: ['a:1', 'b:1'], notes: [] });
      assert.deepEqual(await incoming(to.store), []);
    }
    await rm(folder.at('x.tar.volumes.json'));
    await using to = await temporaryStore();
    assert.deepEqual((await load(to.store, paths[2] ?? '')).names, ['a:1', 'b:1']);
    await rm(paths[1] ?? '');
    await assert.rejects(load(to.store, paths[0] ?? ''), { code: 'VOLUME_MISSING' });
  });

  it('one stick after the other, the list on the first only: images as they become whole', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    const [one = '', ...others] = names;
    const first = await stick(folder, one, 'x.tar.volumes.json');
    await using to = await temporaryStore();
    const begun = await load(to.store, `${first}/${one}`);
    assert.deepEqual(begun.names, []);
    assert.equal(
      begun.notes[0],
      `1 of ${names.length} volumes are here; still to come: ${others.join(', ')}`,
    );
    assert.ok(begun.notes.some((note) => note.startsWith('not complete yet: a:1 needs ')));
    assert.deepEqual(await incoming(to.store), [one]);
    const arrived: string[] = [];
    for (const name of [...others].reverse()) {
      const place = await stick(folder, name);
      const outcome = await load(to.store, `${place}/${name}`);
      arrived.push(...outcome.names);
      if (name === others[1]) assert.equal(new Set(arrived).size, 1, arrived.join());
    }
    assert.deepEqual([...new Set(arrived)].sort(), ['a:1', 'b:1']);
    assert.equal((await listImages({ store: to.store, platform })).length, 2);
    assert.deepEqual(await incoming(to.store), []);
  });

  it('a volume that comes again after the last one waits for nothing', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    await using to = await temporaryStore();
    await load(to.store, folder.at('x.tar.volumes.json'));
    const place = await stick(folder, names.at(-1) ?? '', 'x.tar.volumes.json');
    assert.deepEqual(await load(to.store, `${place}/${names.at(-1)}`), {
      names: [],
      notes: ['the images of these volumes are here already'],
    });
    assert.deepEqual(await incoming(to.store), []);
  });

  it('bring back what an image lost that has its names, one stick after the other', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    await using to = await temporaryStore();
    await load(to.store, folder.at('x.tar.volumes.json'));
    // A repair sets aside what went bad.
    const list = folder.at('x.tar.volumes.json');
    const { bundle } = decodeVolumes(await readFile(list), list);
    const largest = bundle.blobs.toSorted((one, other) => other.size - one.size)[0];
    assert.ok(largest);
    await rm(to.store.paths.blob(largest.digest));
    for (const name of names) {
      const place = await stick(folder, name, 'x.tar.volumes.json');
      await load(to.store, `${place}/${name}`);
    }
    assert.equal((await stat(to.store.paths.blob(largest.digest))).size, largest.size);
    assert.deepEqual(await incoming(to.store), []);
  });

  it('are dropped at once: nobody finds half of them', async () => {
    using folder = tempFolder();
    const [name = ''] = await saved(folder);
    await using to = await temporaryStore();
    const place = await stick(folder, name, 'x.tar.volumes.json');
    await load(to.store, `${place}/${name}`);
    const [list] = await incomingLists(to.store.paths);
    assert.ok(list);
    const { paths } = to.store;
    // What was renamed there goes with its process, killed or not.
    const trash: string[] = [];
    const temporary: typeof paths.temporary = (kind) => {
      const path = paths.temporary(kind);
      trash.push(path);
      return path;
    };
    await dropIncoming({ ...paths, temporary }, list);
    assert.equal(trash.length, 1);
    assert.ok(trash[0]?.startsWith(paths.trash));
    assert.deepEqual(await readdir(paths.incoming), []);
    assert.deepEqual(await readdir(paths.trash), []);
    await dropIncoming(paths, list);
  });

  it('volumes that another load was done with are asked for again', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    await using to = await temporaryStore();
    for (const name of names.slice(0, -1)) {
      const place = await stick(folder, name, 'x.tar.volumes.json');
      await load(to.store, `${place}/${name}`);
    }
    const place = await stick(folder, names.at(-1) ?? '', 'x.tar.volumes.json');
    const [given] = await archiveInputs([`${place}/${names.at(-1)}`]);
    assert.ok(given?.kind === 'volumes');
    const notes: string[] = [];
    let isDropped = false;
    const options = {
      store: new Proxy(to.store, {
        get: (store, key) => {
          if (key === 'lease' && !isDropped) {
            // As another load does at its end, in the middle of ours.
            rmSync(to.store.paths.incoming, { recursive: true, force: true });
            isDropped = true;
          }
          const value = Reflect.get(store, key, store);
          return typeof value === 'function' ? value.bind(store) : value;
        },
      }),
      platform,
      limit: pLimit(1),
      events: (event: Event) => void (event.kind === 'note' && notes.push(event.text)),
    };
    assert.deepEqual(await loadVolumes(given, options), []);
    assert.ok(isDropped);
    assert.match(notes[0] ?? '', /^1 of \d+ volumes are here; still to come: /);
  });

  it('a damaged volume is named, and nothing else needs to be sent again', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    const bad = names[1] ?? '';
    const good = await readFile(folder.at(bad));
    const wrong = Buffer.from(good);
    wrong[300] = (wrong[300] ?? 0) ^ 1;
    await writeFile(folder.at(bad), wrong);
    const isNamed = (error: unknown): true => {
      assert.ok(isSlipwayError(error, 'VOLUME_DAMAGED'), String(error));
      assert.deepEqual(error.detail.volumes, [bad]);
      assert.match(error.hint ?? '', /--volumes 2 /);
      return true;
    };
    await using to = await temporaryStore();
    await assert.rejects(load(to.store, folder.at('x.tar.volumes.json')), isNamed);
    const place = await stick(folder, bad, 'x.tar.volumes.json');
    await assert.rejects(load(to.store, `${place}/${bad}`), isNamed);
    assert.deepEqual(await incoming(to.store), []);
    await writeFile(folder.at(bad), good.subarray(1));
    await assert.rejects(load(to.store, folder.at('x.tar.volumes.json')), isNamed);
    await writeFile(folder.at(bad), good);
    const { names: loaded } = await load(to.store, folder.at('x.tar.volumes.json'));
    assert.deepEqual(loaded, ['a:1', 'b:1']);
  });

  it('the same archive under another name goes on with the volumes that are here', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage({ layers: 1, fileSize: 25_000 }), 'a:1');
    const options = { store: from.store, images: ['a:1'], platform, volumes: { size: '10k' } };
    await saveImages({ ...options, output: folder.at('x.tar') });
    await saveImages({ ...options, output: folder.at('again.tar') });
    const first = await stick(folder, 'x.tar.001', 'x.tar.volumes.json');
    const second = await stick(folder, 'again.tar.002', 'again.tar.volumes.json');
    const others = (await readdir(folder.at('.'))).filter((name) => /^x\.tar\.00[3-9]$/.test(name));
    assert.ok(others.length > 0);
    const third = await stick(folder, ...others);
    await using to = await temporaryStore();
    await load(to.store, `${first}/x.tar.001`);
    const { notes } = await load(to.store, `${second}/again.tar.002`);
    assert.match(notes[0] ?? '', /^2 of \d volumes are here; still to come: again\.tar\.003/);
    const last = await load(to.store, ...others.map((name) => `${third}/${name}`));
    assert.deepEqual(last, { names: ['a:1'], notes: [] });
    assert.deepEqual(await incoming(to.store), []);
  });

  it('a kept volume that went bad is forgotten', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    const [one = '', ...others] = names;
    const first = await stick(folder, one, 'x.tar.volumes.json');
    const rest = await stick(folder, ...others);
    await using to = await temporaryStore();
    await load(to.store, `${first}/${one}`);
    const path = await keptPath(to.store, one);
    const bytes = await readFile(path);
    bytes[2000] = (bytes[2000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await assert.rejects(load(to.store, `${rest}/${others[0]}`), { code: 'VOLUME_DAMAGED' });
    await load(to.store, `${first}/${one}`, `${rest}/${others[0]}`);
    assert.equal((await listImages({ store: to.store, platform })).length, 2);
  });

  it('a kept volume that went bad is named while others are still to come, too', async () => {
    using folder = tempFolder();
    const [one = '', two = ''] = await saved(folder);
    const first = await stick(folder, one, 'x.tar.volumes.json');
    const second = await stick(folder, two);
    await using to = await temporaryStore();
    await load(to.store, `${first}/${one}`);
    const path = await keptPath(to.store, one);
    await writeFile(path, Buffer.alloc((await readFile(path)).length, 7));
    await assert.rejects(load(to.store, `${second}/${two}`), {
      code: 'VOLUME_DAMAGED',
      message: /^x\.tar\.001 is not what was written/,
    });
    await load(to.store, `${first}/${one}`, `${second}/${two}`);
  });

  it('numbers that are no volumes are archives; a renamed list is still the list', async () => {
    using folder = tempFolder();
    await saved(folder);
    await rename(folder.at('x.tar.volumes.json'), folder.at('list'));
    await using to = await temporaryStore();
    assert.deepEqual((await load(to.store, folder.at('list'))).names, ['a:1', 'b:1']);
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage(), 'c:1');
    const options = { store: from.store, images: ['c:1'], platform };
    await saveImages({ ...options, output: folder.at('backup.2026') });
    assert.deepEqual((await load(to.store, folder.at('backup.2026'))).names, ['c:1']);
  });

  it('who needs all of them is told which are missing', async () => {
    using folder = tempFolder();
    const names = await saved(folder);
    await rm(folder.at(names[2] ?? ''));
    await using to = await temporaryStore();
    const [given] = await archiveInputs([folder.at('x.tar.volumes.json')]);
    assert.ok(given?.kind === 'volumes');
    await assert.rejects(wholeSegments(given, to.store), (error) => {
      assert.ok(isSlipwayError(error, 'VOLUME_MISSING'));
      assert.deepEqual(error.detail.missing, [names[2]]);
      return true;
    });
  });

  it('volumes that wait for a week are garbage', async () => {
    using folder = tempFolder();
    const [one = ''] = await saved(folder);
    const first = await stick(folder, one, 'x.tar.volumes.json');
    await using to = await temporaryStore();
    await load(to.store, `${first}/${one}`);
    await to.store.gc();
    const [kept = ''] = await readdir(to.store.paths.incoming);
    assert.notEqual(kept, '');
    const old = new Date(Date.now() - INCOMING_TTL_MS - 1000);
    await utimes(`${to.store.paths.incoming}/${kept}`, old, old);
    await to.store.gc();
    assert.deepEqual(await readdir(to.store.paths.incoming), []);
    assert.deepEqual(await incomingLists(to.store.paths), []);
  });

  it('an archive of differences in volumes: what no volume has is a gap, not a wait', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    const image = await sampleImage({ layers: 2, fileSize: 15_000 });
    await storeImage(from.store, image, 'a:1');
    const base = image.layers[0]?.digest;
    assert.ok(base);
    await saveImages({
      store: from.store,
      images: ['a:1'],
      output: folder.at('x.tar'),
      platform,
      volumes: { size: '15k' },
      have: [{ has: async ({ digest }) => digest === base }],
    });
    const place = await stick(folder, 'x.tar.001', 'x.tar.volumes.json');
    await using to = await temporaryStore();
    const begun = await load(to.store, `${place}/x.tar.001`);
    assert.match(begun.notes[0] ?? '', /^1 of 2 volumes are here/);
    await assert.rejects(load(to.store, folder.at('x.tar.002')), { code: 'ARCHIVE_INCOMPLETE' });
    await using has = await temporaryStore();
    await storeImage(has.store, image, 'old:1');
    assert.deepEqual((await load(has.store, folder.at('x.tar.002'))).names, ['a:1']);
  });
});
