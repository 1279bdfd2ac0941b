/** save --for-build: what a Dockerfile needs goes along, and a build without any network then works. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Event } from '#core/events.ts';
import { type Engine, openEngine } from '#engine.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

function engineAt(folder: TempFolder, name: string): Promise<Engine> {
  return openEngine({
    root: folder.at(name),
    helper: HELPER,
    snapshotter: 'auto',
    parallelTransfers: 2,
  });
}

function context(folder: TempFolder, dockerfile: string): string {
  mkdirSync(folder.at('context'), { recursive: true });
  writeFileSync(folder.at('context', 'Dockerfile'), dockerfile);
  writeFileSync(folder.at('context', 'note.txt'), 'a note\n');
  return folder.at('context');
}

describe('save --for-build', () => {
  it('pulls what is missing; the build works where no registry can be reached', async () => {
    using folder = tempFolder();
    const [base, tools, unused] = [await sampleImage(), await sampleImage(), await sampleImage()];
    let address = '';
    let place = '';
    {
      await using registry = await temporaryRegistry();
      address = registry.address;
      for (const [name, image] of Object.entries({ base, tools, unused })) {
        await using remote = remoteAt(address, { repository: name });
        await putImage(remote, image, '1');
      }
      place = context(
        folder,
        [
          `ARG TAG=none`,
          `FROM ${address}/unused:1 AS unused`,
          `FROM ${address}/base:$TAG`,
          `COPY --from=${address}/tools:1 / /tools/`,
          `COPY note.txt /`,
        ].join('\n'),
      );
      await using here = await engineAt(folder, 'here');
      const saved = await here.save([], folder.at('base.tar'), {
        forBuild: { dockerfile: join(place, 'Dockerfile'), buildArgs: { TAG: '1' } },
      });
      assert.deepEqual(
        saved.images.map(({ names }) => names),
        [[`${address}/base:1`], [`${address}/tools:1`]],
      );
    }
    await using there = await engineAt(folder, 'there');
    const build = { context: place, tags: ['app:1'], buildArgs: { TAG: '1' } };
    await assert.rejects(there.build(build), { code: 'BASE_UNKNOWN' });
    await there.load(folder.at('base.tar'));
    await there.build(build);
    const { config } = await there.inspect('app:1');
    assert.equal(config.rootfs.diff_ids.length, base.layers.length + 2);
  });

  it('a base that is locked goes along as it was locked, with its tag as long as that means the same', async () => {
    using folder = tempFolder();
    const [old, fresh] = [await sampleImage(), await sampleImage()];
    let place = '';
    const archives: string[] = [];
    {
      await using registry = await temporaryRegistry();
      await using remote = remoteAt(registry.address, { repository: 'base' });
      await putImage(remote, old, '1');
      place = context(folder, `FROM ${registry.address}/base:1\nCOPY note.txt /\n`);
      await using here = await engineAt(folder, 'here');
      await here.build({ context: place, tags: [], lock: 'write' });
      const save = async (name: string): Promise<void> => {
        const forBuild = { dockerfile: join(place, 'Dockerfile') };
        const { images } = await here.save([], folder.at(name), { forBuild });
        archives.push(...(images[0]?.names ?? []));
      };
      await save('named.tar');
      await putImage(remote, fresh, '1');
      await here.pull(`${registry.address}/base:1`);
      await save('moved.tar');
      assert.deepEqual(archives, [`${registry.address}/base:1`]);
    }
    for (const name of ['named', 'moved']) {
      await using there = await engineAt(folder, name);
      await there.load(folder.at(`${name}.tar`));
      await there.build({ context: place, tags: ['app:1'], lock: 'frozen', bases: 'offline' });
      const { config } = await there.inspect('app:1');
      assert.deepEqual(config.rootfs.diff_ids.slice(0, -1), old.config.rootfs.diff_ids);
    }
  });

  it('a base pinned by digest is found by it, though no archive keeps such a name', async () => {
    using folder = tempFolder();
    const image = await sampleImage();
    let place = '';
    {
      await using registry = await temporaryRegistry();
      await using remote = remoteAt(registry.address, { repository: 'base' });
      await putImage(remote, image, '1');
      const pinned = `${registry.address}/base:1@${image.manifest.digest}`;
      place = context(folder, `FROM ${pinned}\nCOPY note.txt /\n`);
      await using here = await engineAt(folder, 'here');
      const forBuild = { dockerfile: join(place, 'Dockerfile') };
      await here.save([], folder.at('base.tar'), { forBuild });
    }
    await using there = await engineAt(folder, 'there');
    await there.load(folder.at('base.tar'));
    await there.build({ context: place, tags: ['app:1'] });
    const { config } = await there.inspect('app:1');
    assert.equal(config.rootfs.diff_ids.length, image.layers.length + 1);
  });

  it('nothing is saved when an image cannot be had; downloads are told', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const image = await sampleImage();
    await using remote = remoteAt(registry.address, { repository: 'base' });
    await putImage(remote, image, '1');
    const pinned = `${registry.address}/base@${image.manifest.digest}`;
    const place = context(folder, `FROM ${pinned}\nADD https://example.com/x /\n`);
    await using here = await engineAt(folder, 'here');
    const notes: string[] = [];
    const events = (event: Event): void => void (event.kind === 'note' && notes.push(event.text));
    const forBuild = { dockerfile: join(place, 'Dockerfile') };
    const plan = await here.planSave([], { forBuild, events });
    assert.equal(plan.images.length, 1);
    assert.deepEqual(notes, ['ADD downloads https://example.com/x, which is not in the archive']);
    context(folder, `FROM ${registry.address}/none:1\n`);
    await assert.rejects(here.save([], folder.at('x.tar'), { forBuild }), { code: 'BASE_UNKNOWN' });
  });
});
