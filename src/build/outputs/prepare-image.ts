/**
 * The finished stages as an image: a config and a manifest for each platform, an index over several,
 * layers in the form that is wanted. Nothing has a name yet.
 */
import pLimit from 'p-limit';
import type { AnnotationPlace, BuildAnnotation } from '#core/build-annotation.ts';
import type { ImageFormat } from '#core/build-output.ts';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { ImageConfig } from '#core/image-config.ts';
import type { LayerForm } from '#core/layer-form.ts';
import { descriptorOf, encodeIndex } from '#core/manifest.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import type { RawManifest } from '#core/repository.ts';
import { writeUnnamed } from '#image/write-image.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import type { BuildSession } from '../session.ts';
import type { PreparedImage } from './output.ts';

/** One platform's image to be. */
export interface ImagePart {
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
  /** Of its manifest, besides those that were asked for. */
  readonly annotations: Annotations;
}

type Annotations = Readonly<Record<string, string>>;

export interface PrepareOptions {
  readonly format: ImageFormat;
  readonly form: LayerForm;
  readonly annotations: readonly BuildAnnotation[];
  readonly isIndex: boolean;
}

export async function prepareImage(
  session: BuildSession,
  parts: readonly ImagePart[],
  options: PrepareOptions,
): Promise<PreparedImage> {
  const { store, lease } = session;
  const plain = new MemoryRepository({ blobs: store.blobs(lease) });
  const images: { readonly imageId: Digest; readonly manifest: RawManifest }[] = [];
  for (const part of parts) {
    const image = await writePart(session, part, options);
    await plain.putManifest(image.manifest);
    images.push(image);
  }
  const [first] = images;
  if (!first) throw new Error('invariant broken: a build without a result');
  const manifests = images.map(({ manifest }) => manifest);
  const root = options.isIndex ? indexOf(manifests, parts, options) : first.manifest;
  if (options.isIndex) await plain.putManifest(root);
  const all = options.isIndex ? [...manifests, root] : manifests;
  const made = await inForm(session, { plain, manifests: all, root }, options);
  const annotations = options.isIndex
    ? annotationsOn('index-descriptor', options)
    : annotationsOn('manifest-descriptor', options, parts[0]?.platform);
  return {
    ...made,
    manifest: { ...made.manifest, ...written(annotations) },
    imageId: options.isIndex ? made.manifest.digest : first.imageId,
  };
}

async function writePart(
  session: BuildSession,
  { platform, config, layers, annotations }: ImagePart,
  options: PrepareOptions,
): Promise<{ readonly imageId: Digest; readonly manifest: RawManifest }> {
  return await writeUnnamed({
    ...session,
    config,
    layers,
    docker: options.format.docker,
    annotations: { ...annotations, ...annotationsOn('manifest', options, platform) },
  });
}

function indexOf(
  manifests: readonly RawManifest[],
  parts: readonly ImagePart[],
  options: PrepareOptions,
): RawManifest {
  const listed = manifests.flatMap((manifest, i) => {
    const platform = parts[i]?.platform;
    if (!platform) return [];
    const annotations = annotationsOn('manifest-descriptor', options, platform);
    return { ...descriptorOf(manifest), ...written(annotations), platform };
  });
  return encodeIndex(listed, {
    docker: options.format.docker,
    ...written(annotationsOn('index', options)),
  });
}

function written(annotations: Annotations): { readonly annotations?: Annotations } {
  return Object.keys(annotations).length > 0 ? { annotations } : {};
}

/** The last of a key wins; those of the output over those of the build. */
function annotationsOn(
  place: AnnotationPlace,
  { annotations, format }: PrepareOptions,
  platform?: Platform,
): Annotations {
  const all = [...annotations, ...(format.annotations ?? [])];
  const own = platform && formatPlatform(platform);
  return Object.fromEntries(
    all
      .filter((one) => one.on === place && isFor(one, own))
      .map(({ key, value }) => [key, value] as const),
  );
}

function isFor({ platform }: BuildAnnotation, own: string | undefined): boolean {
  return platform === undefined || own === undefined || formatPlatform(platform) === own;
}

/** A layer at a time where each takes a hundred megabytes of memory. */
function isHeavy({ codec, level = 0 }: LayerForm): boolean {
  return codec === 'zstd' && level > 9;
}

async function inForm(
  { store, lease, signal, transfers: limit }: BuildSession,
  image: {
    readonly plain: MemoryRepository;
    readonly manifests: readonly RawManifest[];
    readonly root: RawManifest;
  },
  { form, format }: PrepareOptions,
): Promise<Omit<PreparedImage, 'imageId'> & { readonly manifest: { readonly digest: Digest } }> {
  const force = format.forceCompression ?? false;
  if (form.codec === 'none' && !force) {
    const { plain: repository, manifests, root } = image;
    return { repository, manifests, manifest: descriptorOf(root) };
  }
  const { compressLayers } = await import('#image/compress.ts');
  const { repository, manifests } = await compressLayers({
    store,
    lease,
    from: image.plain,
    selector: image.root.digest,
    form,
    force,
    limit: isHeavy(form) ? pLimit(1) : limit,
    signal,
  });
  const root = manifests.at(-1) ?? image.root;
  return { repository, manifests, manifest: descriptorOf(root) };
}
