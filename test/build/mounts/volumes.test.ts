/** What of this machine RUNs see with --volume, and that nothing of it is in a layer. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { placeVolumes } from '#build/mounts/volumes.ts';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { withEngine } from '#test/helpers/engine.ts';
import { memoryTree } from '#test/helpers/memory-tree.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const skip = busyboxUnfit() ?? false;

test('is read and written in every RUN, at places the image has or lacks', { skip }, () =>
  withEngine({}, async ({ engine, build, folder }) => {
    const context = writeContext(
      join(folder, 'context'),
      `${BUSYBOX_BASE}COPY Dockerfile /there/own
RUN cat /new/deep/given > /seen && echo written > /there/file && test ! -e /there/own
RUN cat /there/file >> /seen
`,
    );
    const [given, kept] = [join(folder, 'given'), join(folder, 'kept')];
    mkdirSync(kept);
    writeFileSync(given, 'from here\n');
    const volumes = [
      { source: given, target: '/new/deep/given', readOnly: true },
      { source: kept, target: '/there', readOnly: false },
    ];
    await build({ context, tags: ['app:1'], volumes });
    assert.equal(readFileSync(join(kept, 'file'), 'utf8'), 'written\n');
    const names = (await engine.listFiles('app:1')).map(({ path }) => path);
    assert.deepEqual(
      names.filter((name) => /seen|new|there/.test(name)),
      ['/seen', '/there', '/there/own'],
    );
    assert.deepEqual((await build({ context, volumes })).steps, { run: 0, cached: 5 });
    // The first RUN installs busybox: nothing it does has to do with volumes, but it could have.
    await assert.rejects(build({ context, volumes: [] }), { code: 'RUN_FAILED' });
  }),
);

test('what is only read cannot be written', { skip }, () =>
  withEngine({}, async ({ build, folder }) => {
    const dockerfile = `${BUSYBOX_BASE}RUN echo x > /v/file\n`;
    const context = writeContext(join(folder, 'context'), dockerfile);
    const volumes = [{ source: folder, target: '/v', readOnly: true }];
    await assert.rejects(build({ context, volumes }), { code: 'RUN_FAILED' });
  }),
);

test('a source that is not there, and a folder at the place of a file, are refused', async () => {
  using folder = tempFolder();
  const tree = memoryTree({ etc: { hosts: 'x' } });
  const place = (source: string, target: string) =>
    placeVolumes([{ source, target, readOnly: true }], tree);
  await assert.rejects(place(folder.at('none'), '/v'), {
    code: 'FILE_MISSING',
    message: `no such file or folder for --volume: ${folder.at('none')}`,
  });
  for (const target of ['/etc/hosts', '/etc/hosts/below']) {
    await assert.rejects(place(folder.path, target), {
      code: 'PATH_NOT_DIRECTORY',
      message: `cannot mount a volume at ${target}`,
    });
  }
});
