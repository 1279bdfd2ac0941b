/** Layers read through once, however many images have them: their digest, their size, their plain tar. */
import { decompress } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, createHasher, type Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { layerCompressionOf } from '#core/media-type.ts';
import type { BlobStore, CallOptions } from '#core/repository.ts';
import { notAsPromised } from './check-layers.ts';

export class LayerChecks {
  readonly #blobs: BlobStore;
  readonly #fast: boolean;
  readonly #call: CallOptions;
  readonly #checks = new Map<string, Promise<Digest | undefined>>();

  constructor(blobs: BlobStore, { fast, ...call }: CallOptions & { readonly fast: boolean }) {
    this.#blobs = blobs;
    this.#fast = fast;
    this.#call = call;
  }

  /** `diffId`: as the config has it. @throws BLOB_UNKNOWN, DIGEST_MISMATCH, SIZE_MISMATCH, ARCHIVE_INVALID */
  async check(layer: Descriptor, diffId: Digest | undefined): Promise<void> {
    const algorithm = diffId === undefined ? undefined : algorithmOf(diffId);
    const key = `${layer.digest} ${layer.size} ${layer.mediaType} ${algorithm}`;
    const known = this.#checks.get(key) ?? this.#read(layer, algorithm);
    this.#checks.set(key, known);
    const found = await known;
    if (found !== undefined && diffId !== undefined && found !== diffId) {
      throw notAsPromised(layer, { expected: diffId, found });
    }
  }

  /** The digest of the plain tar, where it is wanted and there is one. */
  async #read(
    layer: Descriptor,
    algorithm: Parameters<typeof createHasher>[0] | undefined,
  ): Promise<Digest | undefined> {
    const { digest } = layer;
    const there = await this.#blobs.stat(digest, this.#call);
    if (!there) throw new SlipwayError('BLOB_UNKNOWN', 'it is not there');
    if (there.size !== layer.size) throw wrongSize(layer, there.size);
    if (this.#fast) return undefined;
    const isTar = layerCompressionOf(layer.mediaType) !== undefined;
    if (algorithm === undefined || !isTar) {
      for await (const _ of this.#checked(layer)) this.#call.signal?.throwIfAborted();
      return undefined;
    }
    const hasher = createHasher(algorithm);
    try {
      const plain = decompress(this.#checked(layer), this.#call);
      for await (const chunk of plain) hasher.update(chunk);
    } catch (error) {
      // What cannot be inflated may be because it is not what it should be: that is said first.
      for await (const _ of this.#checked(layer)) this.#call.signal?.throwIfAborted();
      throw error;
    }
    return hasher.digest();
  }

  /** The bytes; ends with an error where they are not those of the descriptor. */
  async *#checked(layer: Descriptor): AsyncGenerator<Uint8Array> {
    const hasher = createHasher(algorithmOf(layer.digest));
    let size = 0;
    for await (const chunk of this.#blobs.read(layer.digest, this.#call)) {
      size += chunk.byteLength;
      if (size > layer.size) throw wrongSize(layer, size);
      hasher.update(chunk);
      yield chunk;
    }
    if (size !== layer.size) throw wrongSize(layer, size);
    const found = hasher.digest();
    if (found === layer.digest) return;
    throw new SlipwayError('DIGEST_MISMATCH', `its content is ${found}`);
  }
}

function wrongSize(layer: Descriptor, found: number): SlipwayError {
  const message = `it has ${found} bytes or more, the manifest says ${layer.size}`;
  return new SlipwayError(
    'SIZE_MISMATCH',
    found > layer.size ? message : message.replace(' or more', ''),
  );
}
