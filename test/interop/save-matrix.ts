/** Everything that `save` writes, read by everybody: a test for each pair. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import {
  type Archive,
  type ArchivedImage,
  archiveShelf,
  COMMAND,
  FORMS,
  PRINTED,
  programMissing,
} from './archives.ts';
import { type Host, unlessRefused } from './host.ts';
import { type OpenReader, READERS, type Reader, type Seen } from './readers.ts';
import { LAYER_MISSING, refusalOf } from './refusals.ts';

export function testSaveMatrix(host: Host): void {
  const shelf = archiveShelf();
  after(() => shelf[Symbol.dispose]());
  for (const reader of READERS) {
    describe(reader.title, () => {
      let opened: Promise<OpenReader> | undefined;
      after(async () => await (await opened)?.[Symbol.asyncDispose]());
      for (const form of FORMS) {
        it(form.title, async (t) => {
          const unfit = programMissing() ?? (await reader.unfit(host));
          if (unfit !== undefined) return t.skip(unfit);
          opened ??= reader.open(host);
          const archive = await shelf.get(form.title);
          using folder = tempFolder();
          const open = await opened;
          if (form.isDelta) return await checkDelta(open, { archive, folder });
          const cannot = refusalOf(reader.title, form.title);
          const seen = await unlessRefused(t, cannot, () => open.read(archive, folder));
          if (seen) await check(reader, open, { archive, seen });
        });
      }
    });
  }
}

async function check(
  reader: Reader,
  open: OpenReader,
  { archive, seen }: { readonly archive: Archive; readonly seen: readonly Seen[] },
): Promise<void> {
  const digest = reader.digestOf?.(archive);
  const shown = digest ? seen : seen.map(({ digest: _, ...rest }) => rest);
  const wanted = archive.images.map((image) => ({
    ...expected(image, reader, shown[0] ?? {}),
    ...(digest ? { digest: image[digest] } : {}),
  }));
  assert.deepEqual(sorted(shown), sorted(wanted));
  for (const image of archive.images) {
    if (!image.canRun || !open.runs) continue;
    const id = reader.identity === 'top' ? image.top : image.imageId;
    assert.equal(await open.runs(image.names[0] ?? id, COMMAND), PRINTED.trimEnd());
  }
}

/** Refused at once, or, where a store takes what is incomplete, when it is to run. */
async function checkDelta(
  open: OpenReader,
  { archive, folder }: { readonly archive: Archive; readonly folder: TempFolder },
): Promise<void> {
  const [{ names: [name = ''] = [] } = {}] = archive.images;
  const use = async (): Promise<void> => {
    await open.read(archive, folder);
    await open.runs?.(name, COMMAND);
  };
  await assert.rejects(use(), LAYER_MISSING);
}

/** In what the reader shows of images. */
function expected(image: ArchivedImage, reader: Reader, shown: Seen): Seen {
  const imageId = reader.identity === 'top' ? image.top : image.imageId;
  return {
    ...(shown.imageId === undefined ? {} : { imageId }),
    ...(shown.names === undefined ? {} : { names: [...image.names].sort() }),
  };
}

function sorted(images: readonly Seen[]): readonly Seen[] {
  return images.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}
