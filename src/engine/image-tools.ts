/** `slipway imagetools`: new images of those in registries, and a look at what a name stands for. */
import { type Digest, isDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { decodeDescriptor, decodeManifest, descriptorOf, writtenPlatform } from '#core/manifest.ts';
import { parsePlace } from '#core/place.ts';
import {
  formatReference,
  parseReference,
  type Reference,
  repositoryKey,
  selectorOf,
  withDefaultTag,
} from '#core/reference.ts';
import type { CallOptions, RawManifest, Repository } from '#core/repository.ts';
import type { CallContext } from '#engine.ts';
import { type CombinedImage, type CombineSource, combineImages } from '#image/combine-images.ts';
import { copyImage } from '#image/copy.ts';
import { configPlatform, descriptorsIn } from '#image/manifest-list.ts';
import { readConfigBytes } from '#store/read-config.ts';
import { accessOf, callOf } from './call-context.ts';
import { openSource } from './open-source.ts';
import type { CombineImagesOptions, ImageLook } from './registry-tools.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

interface Source extends CombineSource {
  readonly reference: Reference;
}

/** Gives the bytes of the new image; `isDryRun`: nothing is pushed. */
export async function combineRemoteImages(
  resources: Resources,
  options: CombineImagesOptions,
): Promise<RawManifest> {
  const { tags = [], isDryRun = false, append = false } = options;
  const targets = tags.map((tag) => withDefaultTag(parseReference(tag)));
  const [first] = tags;
  const words = [...(append && first !== undefined ? [first] : []), ...options.sources];
  const asked = withRepositories(words.map(sourceIn), targets);
  const sources: Source[] = [];
  for (const one of asked) sources.push(await lookUp(resources, one, options));
  const combined = combineImages(sources, {
    preferIndex: options.preferIndex ?? true,
    annotations: options.annotations ?? [],
    platforms: options.platforms ?? [],
  });
  if (isDryRun) return combined.raw;
  for (const target of targets) {
    await pushCombined(resources, { combined, sources, target }, options);
  }
  return combined.raw;
}

interface AskedSource {
  readonly reference?: Reference;
  /** Of the descriptor that was given. */
  readonly digest?: Digest;
  readonly given?: ObjectReader;
}

/** A digest, a reference, or the JSON of a descriptor. @throws REFERENCE_INVALID, JSON_INVALID */
function sourceIn(text: string): AskedSource {
  const word = text.trim();
  if (isDigest(word)) return { digest: word };
  if (!word.startsWith('{')) return { reference: withDefaultTag(parseReference(word)) };
  const given = new ObjectReader(parseJson(word, 'descriptor'), 'descriptor');
  const { digest } = decodeDescriptor(given);
  return { digest, given };
}

/** A digest alone is of the one repository that there is. @throws USAGE */
function withRepositories(
  sources: readonly AskedSource[],
  targets: readonly Reference[],
): readonly (AskedSource & { readonly reference: Reference })[] {
  const known = new Map(
    [...targets, ...sources.flatMap(({ reference }) => reference ?? [])].map((one) => [
      repositoryKey(one),
      one,
    ]),
  );
  const [only, ...others] = known.values();
  return sources.map(({ reference, digest, ...more }) => {
    if (reference) return { ...more, reference };
    if (!only) {
      throw new SlipwayError(
        'USAGE',
        'no repositories specified, please set a reference in tag or source',
      );
    }
    if (others.length > 0) {
      throw new SlipwayError(
        'USAGE',
        `multiple repositories specified, cannot infer repository for "${digest}"`,
        { hint: 'name it in full: NAME@DIGEST' },
      );
    }
    const { registry, repository } = only;
    return { ...more, reference: { registry, repository, ...(digest ? { digest } : {}) } };
  });
}

async function lookUp(
  resources: Resources,
  { reference, given }: AskedSource & { readonly reference: Reference },
  options: CallContext,
): Promise<Source> {
  const call = callOf(options);
  await using remote = await remoteRepository(resources, reference, accessOf(options));
  const raw = await remote.getManifest(selectorOf(reference), call);
  const { annotations } = given ? decodeDescriptor(given) : {};
  const descriptor = { ...descriptorOf(raw), ...(annotations ? { annotations } : {}) };
  const manifest = decodeManifest(raw);
  if (manifest.kind === 'index') return { reference, raw, descriptor };
  const written = given?.optionalObject('platform');
  const platform = written
    ? writtenPlatform(written)
    : await configPlatform(remote.blobs, manifest, call);
  return { reference, raw, descriptor: platform ? { ...descriptor, platform } : descriptor };
}

interface Outgoing {
  readonly combined: CombinedImage;
  readonly sources: readonly Source[];
  readonly target: Reference;
}

/** What the repository of the tag lacks comes from the sources, then the new image gets the tag. */
async function pushCombined(
  resources: Resources,
  { combined, sources, target }: Outgoing,
  options: CallContext,
): Promise<void> {
  const { events = ignoreEvents } = options;
  const { raw, listed } = combined;
  await using to = await remoteRepository(resources, target, {
    ...accessOf(options),
    forPush: true,
  });
  const parts = listed.length > 0 ? listed : [{ digest: raw.digest, source: 0 }];
  for (const [number, source] of sources.entries()) {
    const own = parts.filter((part) => part.source === number);
    if (own.length === 0 || repositoryKey(source.reference) === repositoryKey(target)) continue;
    const text = `copying ${source.raw.digest} from ${formatReference(source.reference)} to ${formatReference(target)}`;
    events({ kind: 'note', level: 'info', text });
    await using from = await remoteRepository(resources, source.reference, accessOf(options));
    for (const { digest } of own) {
      await copyPart({ resources, from, to, source, target, digest }, options);
    }
  }
  const text = `pushing ${raw.digest} to ${formatReference(target)}`;
  events({ kind: 'note', level: 'info', text });
  const { tag } = target;
  await to.putManifest(raw, { ...callOf(options), ...(tag === undefined ? {} : { tag }) });
}

interface Part {
  readonly resources: Resources;
  readonly from: Repository;
  readonly to: Repository;
  readonly source: Source;
  readonly target: Reference;
  readonly digest: Digest;
}

async function copyPart(part: Part, options: CallContext): Promise<void> {
  const { resources, from, to, source, target, digest } = part;
  const { registry, repository } = source.reference;
  await copyImage({
    from,
    to,
    selector: digest,
    direction: 'push',
    limit: resources.transfers,
    ...(registry === target.registry ? { mountFrom: () => repository } : {}),
    ...(options.events ? { events: options.events } : {}),
    ...callOf(options),
  });
}

export async function lookAtImage(
  resources: Resources,
  text: string,
  options: CallContext & { readonly withConfigs?: boolean },
): Promise<ImageLook> {
  const call = callOf(options);
  const place = parsePlace(text);
  await using source = await openSource(resources, place, options);
  const { repository } = source;
  const raw = await repository.getManifest(await source.selector(), call);
  const reference = place.kind === 'registry' ? withDefaultTag(place.reference) : undefined;
  const isIndex = decodeManifest(raw).kind === 'index';
  return {
    raw,
    listed: isIndex ? descriptorsIn(raw) : [],
    configs: options.withConfigs ? await configsIn(repository, raw, call) : [],
    ...(reference ? { reference } : {}),
  };
}

/** Of the image, or of all images of an index that are for a platform. */
async function configsIn(
  repository: Repository,
  raw: RawManifest,
  call: CallOptions,
): Promise<ImageLook['configs']> {
  const manifest = decodeManifest(raw);
  if (manifest.kind === 'image') {
    return [{ bytes: await readConfigBytes(repository.blobs, manifest, call) }];
  }
  const configs: ImageLook['configs'][number][] = [];
  for (const { digest, platform } of descriptorsIn(raw)) {
    if (!platform || platform.os === 'unknown') continue;
    const image = decodeManifest(await repository.getManifest(digest, call));
    if (image.kind !== 'image') continue;
    configs.push({ platform, bytes: await readConfigBytes(repository.blobs, image, call) });
  }
  return configs;
}
