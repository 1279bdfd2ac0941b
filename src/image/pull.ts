/** `docker pull`: an image from elsewhere into the local store, under its name. */
import type { LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { EventSink } from '#core/events.ts';
import type { Platform } from '#core/platform.ts';
import {
  formatReference,
  type Reference,
  repositoryKey,
  selectorOf,
  withDefaultTag,
} from '#core/reference.ts';
import type { Repository } from '#core/repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import { checkArrived } from './check-arrived.ts';
import { copyImage } from './copy.ts';
import { withKnownManifests } from './known-manifests.ts';

export interface PullOptions {
  readonly store: LocalStore;
  /** The repository that the reference names. */
  readonly remote: Repository;
  readonly reference: Reference;
  /** Which image of an index. */
  readonly platform: Platform;
  readonly limit: LimitFunction;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

export interface PulledImage {
  /** With `latest` where nothing was said. */
  readonly reference: Reference;
  /** As the remote names it: the index, where there is one. */
  readonly manifest: Descriptor;
  /** False: everything was here already, under this name. */
  readonly changed: boolean;
}

/**
 * Blobs stay compressed as they came; they are inflated when something needs their files. A pull that
 * is interrupted keeps the blobs it has for the next one.
 * @throws what the remote throws; PLATFORM_UNKNOWN, DISK_FULL
 */
export async function pullImage(options: PullOptions): Promise<PulledImage> {
  const { store, remote, limit, platform, events, signal } = options;
  const reference = withDefaultTag(options.reference);
  const name = repositoryKey(reference);
  await using lease = await store.lease({ purpose: `pull ${formatReference(reference)}` });
  const blobs = store.arrivingBlobs(lease);
  const local = store.repository({ space: 'images', name, lease, blobs });
  const before = reference.tag === undefined ? undefined : await resolvedIn(local, reference.tag);
  // With a tag and a digest the digest says what, and docker sets no tag.
  const tag = reference.digest === undefined ? reference.tag : undefined;
  const seen = new Set<Digest>();
  const { source, manifest, transferred } = await copyImage({
    from: withKnownManifests(remote, local),
    selector: selectorOf(reference),
    to: local,
    ...(tag === undefined ? {} : { tag }),
    platform,
    check: (image) => checkArrived(image, blobs),
    onBlob: ({ digest }) => void seen.add(digest),
    direction: 'pull',
    limit,
    ...(events ? { events } : {}),
    ...(signal ? { signal } : {}),
  });
  if (transferred > 0) store.registries.saw(seen, reference);
  store.images.addAlias(name, source.digest, manifest.digest);
  const changed = transferred > 0 || (tag !== undefined && before !== manifest.digest);
  return { reference, manifest: source, changed };
}
