/** What `save` writes in all its forms, with what a reader has to find in each. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { EntrySource } from '#archive/entry.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { descriptorOf, encodeIndex } from '#core/manifest.ts';
import { OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from '#core/media-type.ts';
import { parseReference, repositoryKey } from '#core/reference.ts';
import type { Have } from '#image/have.ts';
import { saveImages } from '#image/save.ts';
import type { VolumeOptions } from '#image/volumes.ts';
import { decodeVolumes } from '#store/volumes-document.ts';
import {
  companionTag,
  putCompanion,
  sampleReferrer,
  sampleSignature,
} from '#test/helpers/companions.ts';
import { INIT_PROGRAM } from '#test/helpers/containers.ts';
import { directory, file, symlink, tarOf } from '#test/helpers/entries.ts';
import {
  imageOf,
  type SampleImage,
  type SampleIndex,
  type SampleLayer,
  sampleBlob,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { type StoreUnderTest, temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

export const PLATFORM = { os: 'linux', architecture: 'amd64' } as const;
/** What a container of every image with layers prints. */
export const COMMAND = ['/bin/init', 'cat', '/etc/motd'] as const;
export const PRINTED = 'made here\n';

export interface ArchivedImage {
  /** In full, as every tool shows them. */
  readonly names: readonly string[];
  /** Of the image for this platform. */
  readonly imageId: Digest;
  readonly manifest: Digest;
  /** Of the index where there is one, else of the manifest. */
  readonly top: Digest;
  readonly canRun: boolean;
}

export interface Archive {
  readonly path: string;
  readonly images: readonly ArchivedImage[];
  /** One image with at most one name, and nothing beside it. */
  readonly isAlone: boolean;
}

export interface Form {
  readonly title: string;
  /** Whole images are not in it: every reader refuses it. */
  readonly isDelta?: boolean;
  /** @param folder does not exist yet */
  make(folder: string): Promise<Archive>;
}

type Codec = 'none' | 'gzip' | 'zstd';
type Content = SampleImage | SampleIndex;

interface Recipe {
  /** What is stored, by its names. */
  readonly content: readonly (readonly [Content, ...(readonly string[])])[];
  readonly byId?: boolean;
  readonly have?: readonly Have[];
  readonly volumes?: VolumeOptions;
  readonly isSigned?: boolean;
}

export const FORMS: readonly Form[] = [
  form('plain layers, as built', async () => ({
    content: [[await runnable('none'), 'localhost/plain:p1']],
  })),
  form('gzip layers, as pulled', async () => ({
    content: [[await runnable('gzip'), 'localhost/gzip:g1']],
  })),
  form('zstd layers', async () => ({ content: [[await runnable('zstd'), 'localhost/zstd:z1']] })),
  form('several images, one with two names', async () => ({
    content: [
      [await runnable('none'), 'localhost/a:a1', 'localhost/a:a2'],
      [await runnable('gzip'), 'localhost/b:b1'],
    ],
  })),
  form('by ID, without a name', async () => ({
    content: [[await runnable('none'), 'localhost/gone:g1']],
    byId: true,
  })),
  form('several platforms', async () => ({
    content: [[await runnableIndex(), 'localhost/multi:m1']],
  })),
  form('no layers', async () => ({ content: [[imageOf([]), 'localhost/empty:e1']] })),
  form('signature and SBOM beside it', async () => ({
    content: [[await runnable('gzip'), 'localhost/signed:s1']],
    isSigned: true,
  })),
  form('volumes put together', async () => ({
    content: [[await runnable('none'), 'localhost/volumes:v1']],
    volumes: { size: '300k' },
  })),
  {
    ...form('differences only: refused', async () => ({
      content: [[await runnable('none'), 'localhost/delta:d1']],
      have: [{ has: async () => true }],
    })),
    isDelta: true,
  },
];

/** Archives made when somebody first asks. */
export interface Shelf extends Disposable {
  get(title: string): Promise<Archive>;
}

export function archiveShelf(): Shelf {
  const folder = tempFolder();
  const made = new Map<string, Promise<Archive>>();
  return {
    get: (title) => {
      const form = FORMS.find((one) => one.title === title);
      if (!form) throw new Error(`no form is called ${title}`);
      const archive = made.get(title) ?? form.make(folder.at(String(made.size)));
      made.set(title, archive);
      return archive;
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** Why there are no images to run; undefined when there are. */
export function programMissing(): string | undefined {
  return existsSync(INIT_PROGRAM) ? undefined : 'needs native/build/slipway-init: make -C native';
}

function form(title: string, recipe: () => Promise<Recipe>): Form {
  return { title, make: async (folder) => await made(await recipe(), folder) };
}

async function made(recipe: Recipe, folder: string): Promise<Archive> {
  mkdirSync(folder);
  await using place = await temporaryStore();
  const images: ArchivedImage[] = [];
  for (const [content, ...names] of recipe.content) {
    await storeImage(place.store, content, ...names);
    images.push(archived(content, recipe.byId ? [] : names));
    if (recipe.isSigned) await sign(place, content, names[0] ?? '');
  }
  const path = join(folder, 'ours.tar');
  const { have, volumes } = recipe;
  await saveImages({
    store: place.store,
    images: images.flatMap(({ names, imageId }) => (names.length > 0 ? names : [imageId])),
    output: path,
    platform: PLATFORM,
    ...(have ? { have } : {}),
    ...(volumes ? { volumes } : {}),
  });
  if (volumes) await concatenate(path);
  const isAlone = images.length === 1 && !recipe.isSigned;
  return { path, images, isAlone };
}

function archived(content: Content, names: readonly string[]): ArchivedImage {
  const shown = 'images' in content ? content.images[0] : content;
  if (!shown) throw new Error('an index of the tests has images');
  return {
    names,
    imageId: shown.imageId,
    manifest: shown.manifest.digest,
    top: content.manifest.digest,
    canRun: shown.layers.length > 0,
  };
}

async function concatenate(path: string): Promise<void> {
  const { volumes } = decodeVolumes(readFileSync(`${path}.volumes.json`), path);
  for (const { name } of volumes) {
    await appendFile(path, readFileSync(path.replace(/[^/]*$/, name)));
  }
}

/** An SBOM found by its subject and a signature found by its tag. */
async function sign({ store }: StoreUnderTest, image: Content, name: string): Promise<void> {
  await using lease = await store.lease({ purpose: 'test' });
  const key = repositoryKey(parseReference(name));
  const repository = store.repository({ space: 'images', name: key, lease });
  await putCompanion(repository, sampleReferrer(image.manifest));
  await putCompanion(repository, sampleSignature(), companionTag(image.manifest.digest, '.sig'));
}

/** A program below, a text above. */
export async function runnable(
  codec: Codec,
  platform: { readonly os: string; readonly architecture: string } = PLATFORM,
): Promise<SampleImage> {
  const programs = [
    directory('bin'),
    file('bin/init', readFileSync(INIT_PROGRAM), { mode: 0o755 }),
    symlink('bin/sh', 'init'),
    // No reader must have this layer from another test.
    file('serial', randomBytes(8)),
  ];
  const texts = [directory('etc'), file('etc/motd', PRINTED, { uid: 7, gid: 8 })];
  const layers = [await layerOf(programs, codec), await layerOf(texts, codec)];
  return imageOf(layers, { platform });
}

async function runnableIndex(): Promise<SampleIndex> {
  const platforms = [PLATFORM, { os: 'linux', architecture: 'arm64' }];
  const images = await Promise.all(platforms.map((platform) => runnable('gzip', platform)));
  const entries = images.map(({ manifest }, i) => {
    const platform = platforms[i];
    return { ...descriptorOf(manifest), ...(platform ? { platform } : {}) };
  });
  return { manifest: encodeIndex(entries), images };
}

export async function layerOf(entries: readonly EntrySource[], codec: Codec): Promise<SampleLayer> {
  const tar = await tarOf(entries);
  const { compress, mediaType } = CODECS[codec];
  const blob = sampleBlob(compress(tar));
  const { digest, bytes } = blob;
  return { ...blob, diffId: digestOf(tar), descriptor: { mediaType, digest, size: bytes.length } };
}

const CODECS = {
  none: { compress: (tar: Uint8Array) => tar, mediaType: OCI_LAYER },
  gzip: { compress: (tar: Uint8Array) => gzipSync(tar), mediaType: OCI_LAYER_GZIP },
  zstd: { compress: (tar: Uint8Array) => zstdCompressSync(tar), mediaType: OCI_LAYER_ZSTD },
} as const;
