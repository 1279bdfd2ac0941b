/** Where bases of a build come from: here first, from their registries, or never from the network. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { type BuildOptions, type Engine, openEngine } from '#engine.ts';
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
  writeFileSync(folder.at('context/Dockerfile'), dockerfile);
  writeFileSync(folder.at('context/note'), 'a note\n');
  return folder.at('context');
}

/** The layer that the base of the built image brought. */
async function baseOf(engine: Engine, options: Omit<BuildOptions, 'tags'>): Promise<string> {
  await engine.build({ ...options, tags: ['app:1'] });
  return (await engine.inspect('app:1')).config.rootfs.diff_ids[0] ?? '';
}

test('a base that is here is used; --pull takes the one its tag means now', async () => {
  using folder = tempFolder();
  await using registry = await temporaryRegistry();
  await using remote = remoteAt(registry.address, { repository: 'base' });
  const [old, fresh] = [await sampleImage(), await sampleImage()];
  const place = context(folder, `FROM ${registry.address}/base:1\nCOPY note /\n`);
  await using engine = await engineAt(folder, 'store');
  await putImage(remote, old, '1');
  assert.equal(await baseOf(engine, { context: place }), old.config.rootfs.diff_ids[0]);
  await putImage(remote, fresh, '1');
  assert.equal(await baseOf(engine, { context: place }), old.config.rootfs.diff_ids[0]);
  const bases = 'newest';
  assert.equal(await baseOf(engine, { context: place, bases }), fresh.config.rootfs.diff_ids[0]);
});

test('offline: what is here will do; what is not is said, and nothing is asked for', async () => {
  using folder = tempFolder();
  await using registry = await temporaryRegistry();
  await using remote = remoteAt(registry.address, { repository: 'base' });
  await putImage(remote, await sampleImage(), '1');
  const base = `FROM ${registry.address}/base:1\n`;
  await using engine = await engineAt(folder, 'store');
  const bases = 'offline';
  const build = { context: context(folder, base), tags: ['app:1'], bases } as const;
  await assert.rejects(engine.build(build), (error) => {
    assert.ok(isSlipwayError(error, 'BASE_UNKNOWN'));
    assert.match(error.message, /the build was told to stay offline$/);
    assert.match(error.hint ?? '', /leave out --offline/);
    return true;
  });
  await engine.pull(`${registry.address}/base:1`);
  await engine.build(build);
  context(folder, `${base}ADD http://${registry.address}/v2/ /x\n`);
  await assert.rejects(engine.build(build), { code: 'OFFLINE' });
  context(folder, base);
  const notes: string[] = [];
  const events = (event: Event): void => void (event.kind === 'note' && notes.push(event.text));
  const reference = { registry: registry.address, repository: 'cache', tag: '1' };
  await engine.build({ ...build, events, cacheFrom: [{ kind: 'registry', reference }] });
  assert.match(notes.join('\n'), /no cache from .*: cannot ask a registry/);
});

test('stages whose steps all run again, and those that do not', async () => {
  using folder = tempFolder();
  const place = context(
    folder,
    'FROM scratch AS one\nCOPY note /\nFROM scratch AS two\nCOPY note /x/\nFROM scratch\nCOPY --from=one / /\nCOPY --from=two / /\n',
  );
  await using engine = await engineAt(folder, 'store');
  const steps = async (noCacheStages: readonly string[], events?: BuildOptions['events']) =>
    (await engine.build({ context: place, tags: [], noCacheStages, ...(events ? { events } : {}) }))
      .steps;
  assert.deepEqual(await steps([]), { run: 4, cached: 0 });
  assert.deepEqual(await steps(['ONE']), { run: 1, cached: 3 });
  const notes: string[] = [];
  const told = await steps(['none'], (event) => {
    if (event.kind === 'note') notes.push(event.text);
  });
  assert.deepEqual(told, { run: 0, cached: 4 });
  assert.deepEqual(notes, ['--no-cache-filter none: there is no such stage']);
});
