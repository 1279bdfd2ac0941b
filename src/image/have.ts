/**
 * What the receiver of an archive is said to have (`save --have`). Wrong answers are harmless: a blob
 * sent needlessly costs its bytes, one left out wrongly is named by the load that misses it.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { Reference } from '#core/reference.ts';
import type { ArchivedTree } from '#store/archive-plan.ts';
import { ALWAYS_SENT_BYTES } from '#store/inventory.ts';
import { configsOf } from '#store/walk.ts';

/** One source of `--have`. */
export interface Have {
  /** True when the receiver has the blob; `names`: of the images that need it. */
  has(
    blob: Descriptor,
    options: { readonly names: readonly Reference[]; readonly signal?: AbortSignal },
  ): Promise<boolean>;
}

/** The layers that need not be written. Manifests, configs and what is small always go. */
export async function leftOut(
  images: readonly ArchivedTree[],
  { have, signal }: { readonly have: readonly Have[]; readonly signal?: AbortSignal },
): Promise<ReadonlySet<Digest>> {
  const left = new Set<Digest>();
  if (have.length === 0) return left;
  const needed = new Map<Digest, { blob: Descriptor; names: Reference[] }>();
  const configs = new Set<Digest>();
  for (const { manifests, blobs, names } of images) {
    for (const config of configsOf(manifests)) configs.add(config);
    for (const blob of blobs) {
      const known = needed.get(blob.digest) ?? { blob, names: [] };
      known.names.push(...names);
      needed.set(blob.digest, known);
    }
  }
  const asked = [...needed.values()].filter(
    ({ blob }) => !configs.has(blob.digest) && blob.size > ALWAYS_SENT_BYTES,
  );
  for (const source of have) {
    // At once: a registry is asked over the network, and limits what runs in parallel itself.
    await Promise.all(
      asked.map(async ({ blob, names }) => {
        if (left.has(blob.digest)) return;
        const options = { names, ...(signal ? { signal } : {}) };
        if (await source.has(blob, options)) left.add(blob.digest);
      }),
    );
  }
  return left;
}
