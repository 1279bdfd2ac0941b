/** Everything that everybody writes of our images, loaded by us: a test for each pair. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import pLimit from 'p-limit';
import { isSlipwayError } from '#core/errors.ts';
import { familiarReference } from '#core/reference.ts';
import { type ArrivedImage, loadImages } from '#image/load.ts';
import { saveImages } from '#image/save.ts';
import type { LocalStore } from '#store/local-store.ts';
import { slipway } from '#test/helpers/cli-process.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import {
  type Archive,
  archiveShelf,
  COMMAND,
  PLATFORM,
  PRINTED,
  programMissing,
} from './archives.ts';
import { type Host, unlessRefused } from './host.ts';
import type { OpenTool } from './tools.ts';
import { WRITERS, type Writing } from './writers.ts';

export function testLoadMatrix(host: Host): void {
  const shelf = archiveShelf();
  after(() => shelf[Symbol.dispose]());
  for (const writer of WRITERS) {
    describe(writer.tool, () => {
      let opened: Promise<OpenTool> | undefined;
      after(async () => await (await opened)?.[Symbol.asyncDispose]());
      for (const writing of writer.writings) {
        it(writing.title, async (t) => {
          const unfit = programMissing() ?? (await writer.unfit(host)) ?? (await writing.unfit?.());
          if (unfit !== undefined) return t.skip(unfit);
          opened ??= writer.open(host);
          using folder = tempFolder();
          const ours = await shelf.get(writing.from);
          const tool = await opened;
          const theirs = await unlessRefused(t, writing.cannot, () =>
            writing.write(tool, ours, folder),
          );
          if (theirs !== undefined) await check(t, writing, { ours, theirs });
        });
      }
    });
  }
}

async function check(
  t: TestContext,
  writing: Writing,
  { ours, theirs }: { readonly ours: Archive; readonly theirs: string },
): Promise<void> {
  await using place = await temporaryStore();
  if (writing.refusedAs) {
    await assert.rejects(load(place.store, theirs), (error) => {
      assert.ok(isSlipwayError(error, 'FILE_UNUSABLE'), String(error));
      assert.match(error.hint ?? '', writing.refusedAs ?? /./);
      return true;
    });
    return;
  }
  const loaded = await load(place.store, theirs);
  const shownNames = (names: readonly string[]) =>
    writing.names === 'others' ? [] : names.toSorted();
  const wanted = ours.images.map(({ imageId, names }) => [
    imageId,
    ...(writing.names === 'lost' ? [] : shownNames(names)),
  ]);
  const found = loaded.map(({ imageId, names }) => [
    imageId,
    ...shownNames(names.map(familiarReference)),
  ]);
  assert.deepEqual(found.toSorted(), wanted.toSorted());
  const listed = listedDigests(theirs);
  if (listed) for (const { digest } of loaded) assert.ok(listed.includes(digest), digest);
  await savesAlike(place.store, loaded);
  if (!ours.images.some(({ canRun }) => canRun)) return;
  if (process.getuid?.() === 0) await runs(place.root, loaded);
  else t.diagnostic('needs root to run it too');
}

async function load(store: LocalStore, input: string): Promise<readonly ArrivedImage[]> {
  return await loadImages({ store, input, platform: PLATFORM, limit: pLimit(2) });
}

/** What index.json says is in it; undefined where there is none. */
function listedDigests(path: string): readonly string[] | undefined {
  const isFolder = statSync(path).isDirectory();
  if (isFolder && !existsSync(join(path, 'index.json'))) return undefined;
  const paths = isFolder ? [] : execFileSync('tar', ['-tf', path]).toString().split('\n');
  const entry = paths.find((name) => /^(\.\/)?index\.json$/.test(name));
  if (!isFolder && entry === undefined) return undefined;
  const bytes = isFolder
    ? readFileSync(join(path, 'index.json'))
    : execFileSync('tar', ['-xOf', path, entry ?? '']);
  const { manifests }: { manifests: { digest: string }[] } = JSON.parse(bytes.toString());
  return manifests.map(({ digest }) => digest);
}

/** What is loaded is saved, loaded and saved again: the same bytes. */
async function savesAlike(store: LocalStore, loaded: readonly ArrivedImage[]): Promise<void> {
  using folder = tempFolder();
  await using second = await temporaryStore();
  const images = loaded.flatMap(({ names, imageId }) =>
    names.length > 0 ? names.map(familiarReference) : [imageId],
  );
  const save = { images, platform: PLATFORM };
  await saveImages({ ...save, store, output: folder.at('first.tar') });
  await load(second.store, folder.at('first.tar'));
  await saveImages({ ...save, store: second.store, output: folder.at('second.tar') });
  const [first, again] = ['first.tar', 'second.tar'].map((name) => readFileSync(folder.at(name)));
  assert.ok(first && again?.equals(first), 'a second save gives other bytes');
}

async function runs(root: string, loaded: readonly ArrivedImage[]): Promise<void> {
  for (const { imageId } of loaded) {
    const { exitCode, stdout, stderr } = await slipway(['run', imageId, ...COMMAND], { root });
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, PRINTED);
  }
}
