/**
 * Recomputes what an image says of itself: digests and sizes of manifests, configs and layers, the
 * digests of the plain tars, the platforms of an index against those of the configs, indexes within
 * indexes and what refers to any of them. Layers are streams: nothing is kept of them.
 */
import type { LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, createHasher, type Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ImageCheck } from '#core/image-check.ts';
import { decodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { decodeManifest, type ImageManifest, type Manifest } from '#core/manifest.ts';
import { formatPlatform, normalizePlatform, type Platform } from '#core/platform.ts';
import type { CallOptions, RawManifest, ReferrerLister, Repository } from '#core/repository.ts';
import { companionsIn } from '#store/companions.ts';
import { isForeign } from '#store/manifest-rules.ts';
import { readConfigBytes } from '#store/read-config.ts';
import { isRunnable } from './check-layers.ts';
import { LayerChecks } from './validate-layer.ts';

export interface ValidateOptions {
  /** Tags or digests. */
  readonly selectors: readonly string[];
  /** Layers are looked for, and not read. */
  readonly fast?: boolean;
  readonly noReferrers?: boolean;
  /** How many layers are read at once. */
  readonly limit: LimitFunction;
  /** Called for each manifest when it was looked at. */
  readonly onChecked: (check: ImageCheck) => void;
  readonly signal?: AbortSignal;
}

/** Indexes within indexes; nobody needs more. */
const DEPTH_MAX = 4;
const MANIFESTS_MAX = 10_000;

/** Never throws for what is wrong with an image. @throws what reaching the place throws */
export async function validateImages(
  repository: Repository & ReferrerLister,
  options: ValidateOptions,
): Promise<void> {
  const validation = new Validation(repository, options);
  for (const selector of options.selectors) await validation.root(selector);
  if (!options.noReferrers) await validation.referrers();
}

class Validation {
  readonly #repository: Repository & ReferrerLister;
  readonly #options: ValidateOptions;
  readonly #call: CallOptions;
  readonly #layers: LayerChecks;
  readonly #seen = new Set<Digest>();

  constructor(repository: Repository & ReferrerLister, options: ValidateOptions) {
    const { signal, fast = false } = options;
    this.#repository = repository;
    this.#options = options;
    this.#call = signal ? { signal } : {};
    this.#layers = new LayerChecks(repository.blobs, { fast, ...this.#call });
  }

  /** What is not there at all is the caller's to hear of. */
  async root(selector: string): Promise<void> {
    const { digest } = await this.#repository.resolve(selector, this.#call);
    await this.#visit({ digest }, 0);
  }

  async referrers(): Promise<void> {
    const subjects = [...this.#seen];
    try {
      const found = await companionsIn(this.#repository, { subjects, ...this.#call });
      for (const { digest, subject } of found) await this.#visit({ digest, subject }, 0);
    } catch (error) {
      const [digest] = subjects;
      if (digest === undefined) throw error;
      const about = { digest, subject: digest, layers: 0, sizeBytes: 0 };
      this.#options.onChecked({ ...about, problem: problemIn(error, 'what refers to it') });
    }
  }

  async #visit(wanted: Wanted, depth: number): Promise<void> {
    this.#call.signal?.throwIfAborted();
    if (this.#seen.has(wanted.digest)) return;
    this.#seen.add(wanted.digest);
    const { digest, subject, descriptor } = wanted;
    const { platform } = descriptor ?? {};
    let check: ImageCheck = {
      digest,
      layers: 0,
      sizeBytes: descriptor?.size ?? 0,
      ...(platform ? { platform } : {}),
      ...(subject ? { subject } : {}),
    };
    let manifest: Manifest | undefined;
    try {
      if (depth > DEPTH_MAX || this.#seen.size > MANIFESTS_MAX) throw tooMuch();
      const raw = await this.#manifest(wanted);
      manifest = decodeManifest(raw);
      check = { ...check, ...factsOf(manifest, raw) };
      if (manifest.kind === 'image') {
        const config = await this.#config(manifest, platform);
        if (config && !platform) check = { ...check, platform: platformIn(config) };
        await this.#layersOf(manifest, config);
      }
    } catch (error) {
      check = { ...check, problem: problemIn(error) };
    }
    this.#options.onChecked(check);
    if (manifest?.kind !== 'index') return;
    for (const child of manifest.manifests) {
      const about = subject ? { subject } : {};
      await this.#visit({ digest: child.digest, descriptor: child, ...about }, depth + 1);
    }
  }

  async #manifest({ digest, descriptor }: Wanted): Promise<RawManifest> {
    const raw = await this.#repository.getManifest(digest, this.#call);
    needDigest(raw.bytes, digest);
    if (!descriptor) return raw;
    if (raw.bytes.byteLength !== descriptor.size) {
      throw wrong(
        'SIZE_MISMATCH',
        `it has ${raw.bytes.byteLength} bytes, its index says ${descriptor.size}`,
      );
    }
    if (raw.mediaType === descriptor.mediaType) return raw;
    throw wrong(
      'MANIFEST_INVALID',
      `it is ${raw.mediaType}, its index says ${descriptor.mediaType}`,
    );
  }

  /** Undefined for what is no image. */
  async #config(
    manifest: ImageManifest,
    listed: Platform | undefined,
  ): Promise<ImageConfig | undefined> {
    const { config: descriptor } = manifest;
    try {
      const bytes = await readConfigBytes(this.#repository.blobs, manifest, this.#call);
      needContent(bytes, descriptor);
      if (!isRunnable(manifest)) return undefined;
      const config = decodeImageConfig(bytes);
      checkConfig(config, manifest, listed);
      return config;
    } catch (cause) {
      throw new WrongPart(`config ${descriptor.digest}`, cause);
    }
  }

  async #layersOf({ layers }: ImageManifest, config: ImageConfig | undefined): Promise<void> {
    const { limit } = this.#options;
    const checks = layers.map((layer, i) =>
      limit(() => this.#layer(layer, config?.rootfs.diff_ids[i])),
    );
    const outcomes = await Promise.allSettled(checks);
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      const where = `layer ${i + 1} of ${layers.length} ${layers[i]?.digest}`;
      throw new WrongPart(where, outcome.reason);
    }
  }

  async #layer(layer: Descriptor, diffId: Digest | undefined): Promise<void> {
    // Its content is elsewhere, and nobody says that it can be had.
    if (isForeign(layer)) return;
    await this.#layers.check(layer, diffId);
  }
}

/** @throws DIGEST_MISMATCH, SIZE_MISMATCH */
function needContent(bytes: Uint8Array, { digest, size }: Descriptor): void {
  needDigest(bytes, digest);
  if (bytes.byteLength === size) return;
  throw wrong('SIZE_MISMATCH', `it has ${bytes.byteLength} bytes, the manifest says ${size}`);
}

/** @throws DIGEST_MISMATCH */
function needDigest(bytes: Uint8Array, digest: Digest): void {
  const hasher = createHasher(algorithmOf(digest));
  hasher.update(bytes);
  const found = hasher.digest();
  if (found !== digest) throw wrong('DIGEST_MISMATCH', `its content is ${found}`);
}

interface Wanted {
  readonly digest: Digest;
  /** In the index that lists it. */
  readonly descriptor?: Descriptor;
  readonly subject?: Digest;
}

function factsOf(
  manifest: Manifest,
  raw: RawManifest,
): Pick<ImageCheck, 'kind' | 'layers' | 'sizeBytes'> {
  const own = raw.bytes.byteLength;
  if (manifest.kind === 'index') return { kind: 'index', layers: 0, sizeBytes: own };
  const { config, layers } = manifest;
  return {
    kind: isRunnable(manifest) ? 'image' : 'artifact',
    layers: layers.length,
    sizeBytes: [config, ...layers].reduce((sum, { size }) => sum + size, own),
  };
}

/** @throws MANIFEST_INVALID: it is not the config of these layers, or of this platform */
function checkConfig(
  config: ImageConfig,
  { layers }: ImageManifest,
  listed: Platform | undefined,
): void {
  const { length } = config.rootfs.diff_ids;
  if (length !== layers.length) {
    throw wrong('MANIFEST_INVALID', `it has ${layers.length} layers, its config says ${length}`);
  }
  if (!listed || isSame(listed, config)) return;
  const own = formatPlatform(platformIn(config));
  throw wrong(
    'MANIFEST_INVALID',
    `its index says ${formatPlatform(listed)}, its config says ${own}`,
  );
}

/** Many configs leave the variant out, which their indexes know. */
function isSame(listed: Platform, config: ImageConfig): boolean {
  const [a, b] = [normalizePlatform(listed), normalizePlatform(platformIn(config))];
  const isVariant = config.variant === undefined || a.variant === b.variant;
  return a.os === b.os && a.architecture === b.architecture && isVariant;
}

function platformIn({ os, architecture, variant }: ImageConfig): Platform {
  return { os, architecture, ...(variant ? { variant } : {}) };
}

function tooMuch(): SlipwayError {
  return wrong(
    'MANIFEST_INVALID',
    `indexes are within each other more than ${DEPTH_MAX} times, or list more than ${MANIFESTS_MAX} manifests`,
  );
}

function wrong(code: 'DIGEST_MISMATCH' | 'SIZE_MISMATCH' | 'MANIFEST_INVALID', message: string) {
  return new SlipwayError(code, message);
}

/** Which part of an image it is that is wrong. */
class WrongPart extends Error {
  readonly where: string;

  constructor(where: string, cause: unknown) {
    super(where, { cause });
    this.where = where;
  }
}

/** What says nothing about the image (nobody answers, Ctrl-C) is thrown again. */
function problemIn(error: unknown, where?: string): NonNullable<ImageCheck['problem']> {
  if (error instanceof WrongPart) return problemIn(error.cause, error.where);
  if (!isSlipwayError(error) || PASSED_ON.has(error.kind)) throw error;
  return { code: error.code, message: where ? `${where}: ${error.message}` : error.message };
}

const PASSED_ON: ReadonlySet<string> = new Set([
  ...['cancelled', 'unavailable', 'denied', 'exhausted', 'internal'],
]);
