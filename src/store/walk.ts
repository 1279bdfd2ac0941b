/**
 * Everything an image consists of, looked up once: manifests (children before parents, the root
 * last) and the blobs they need, each once. What to move or write follows from that list alone.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { decodeManifest, descriptorOf, type ImageIndex, type Manifest } from '#core/manifest.ts';
import type { RawManifest, Repository } from '#core/repository.ts';
import { isForeign } from './manifest-rules.ts';

/** Indexes within indexes; the specification names no bound, nobody needs more. */
const DEPTH_MAX = 4;
const MANIFESTS_MAX = 10_000;

export interface WalkedManifest {
  readonly raw: RawManifest;
  readonly manifest: Manifest;
}

export interface WalkedImage {
  /** What the selector names. */
  readonly root: Descriptor;
  /** Children first; the root, or what was chosen of it, last. */
  readonly manifests: readonly WalkedManifest[];
  /** Configs and layers, each once; layers that live at their own URLs are left out. */
  readonly blobs: readonly Descriptor[];
}

export interface WalkOptions {
  /** A tag or digest of `from`. */
  readonly selector: string;
  /** Follows only this child of an index, which then stands for the whole. Absent: all of them. */
  readonly choose?: (index: ImageIndex) => Descriptor;
  readonly signal?: AbortSignal;
}

/** @throws MANIFEST_UNKNOWN (also for a child that is missing), MANIFEST_INVALID, what `choose` throws */
export async function walkImage(from: Repository, options: WalkOptions): Promise<WalkedImage> {
  const walk = new Walk(from, options);
  const root = await walk.visit(options.selector, 0);
  return { root, manifests: [...walk.manifests.values()], blobs: [...walk.blobs.values()] };
}

/** Which of the blobs are configs; the others are layers. */
export function configsOf(manifests: WalkedImage['manifests']): ReadonlySet<Digest> {
  return new Set(
    manifests.flatMap(({ manifest }) =>
      manifest.kind === 'image' ? [manifest.config.digest] : [],
    ),
  );
}

class Walk {
  readonly manifests = new Map<Digest, WalkedManifest>();
  readonly blobs = new Map<Digest, Descriptor>();
  readonly #from: Repository;
  readonly #options: WalkOptions;

  constructor(from: Repository, options: WalkOptions) {
    this.#from = from;
    this.#options = options;
  }

  async visit(selector: string, depth: number): Promise<Descriptor> {
    const { signal, choose } = this.#options;
    signal?.throwIfAborted();
    if (depth > DEPTH_MAX) throw invalid(`more than ${DEPTH_MAX} indexes within each other`);
    const raw = await this.#from.getManifest(selector, signal ? { signal } : {});
    const descriptor = descriptorOf(raw);
    if (this.manifests.has(raw.digest)) return descriptor;
    const manifest = decodeManifest(raw);
    if (manifest.kind === 'index' && choose) {
      await this.#visitChild(choose(manifest), depth + 1);
      return descriptor;
    }
    if (manifest.kind === 'index') {
      for (const child of manifest.manifests) await this.#visitChild(child, depth + 1);
    } else {
      for (const blob of [...manifest.layers, manifest.config]) {
        if (!isForeign(blob)) this.blobs.set(blob.digest, blob);
      }
    }
    this.manifests.set(raw.digest, { raw, manifest });
    if (this.manifests.size > MANIFESTS_MAX) throw invalid(`more than ${MANIFESTS_MAX} manifests`);
    return descriptor;
  }

  /** An index may list the same a thousand times: it is asked for once. */
  async #visitChild({ digest, size }: Descriptor, depth: number): Promise<void> {
    const known = this.manifests.get(digest);
    const found = known ? descriptorOf(known.raw) : await this.visit(digest, depth);
    if (found.size !== size) throw invalid(`${digest} has ${found.size} bytes, not ${size}`);
  }
}

function invalid(what: string): SlipwayError {
  return new SlipwayError('MANIFEST_INVALID', `manifest invalid: ${what}`);
}
