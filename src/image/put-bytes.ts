/** A small blob that is in memory, to wherever it is to be. */
import type { Descriptor } from '#core/descriptor.ts';
import { digestOf } from '#core/digest.ts';
import type { BlobStore, CallOptions } from '#core/repository.ts';

/** Nothing is sent of what is there. */
export async function putBytes(
  blobs: BlobStore,
  { mediaType, bytes }: { readonly mediaType: string; readonly bytes: Uint8Array },
  options: CallOptions,
): Promise<Descriptor> {
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  if (!(await blobs.stat(blob.digest, options))) {
    await using ingest = await blobs.ingest(blob, options);
    await ingest.write(bytes);
    await ingest.commit(blob);
  }
  return { mediaType, ...blob };
}
