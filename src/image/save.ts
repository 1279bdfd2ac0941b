/**
 * `docker save`: images of the local store to one tar (archive-plan.ts), as they are: the digests of
 * manifests, configs and layers survive. What signs or describes them goes along; what the receiver
 * has can stay behind (have.ts).
 */
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { Platform } from '#core/platform.ts';
import { type ArchivedTree, type ArchivePlan, lookUp, planArchive } from '#store/archive-plan.ts';
import { type Placing, writeImageArchive } from '#store/archive-write.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { SigningKey } from './bundle-signature.ts';
import { type Have, leftOut } from './have.ts';
import { type Sink, writeOutput } from './output-file.ts';
import { collectSaved } from './save-names.ts';
import { selectAnyManifest } from './select.ts';
import { type VolumeOptions, writeVolumes } from './volumes.ts';

export interface PlanSaveOptions {
  readonly store: LocalStore;
  /** Names, digests or IDs. A name without a tag means all its tags, an ID goes without a name. */
  readonly images: readonly string[];
  /** Which image of an index old readers see. */
  readonly platform: Platform;
  /** Saves only this platform's image of an index. Absent: all. */
  readonly only?: Platform;
  /** Leaves signatures, attestations and SBOMs behind. */
  readonly noReferrers?: boolean;
  /** What the receiver has; several are added up. */
  readonly have?: readonly Have[];
  readonly sign?: SigningKey;
  readonly signal?: AbortSignal;
}

export interface SaveOptions extends PlanSaveOptions {
  /** A path, written beside and renamed when complete; or a stream, which is not ended. */
  readonly output: string | NodeJS.WritableStream;
  /** Splits the file into volumes; `output` is a path then. */
  readonly volumes?: VolumeOptions;
  /** Hears what was kept of an interrupted save. */
  readonly events?: EventSink;
}

/**
 * @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, PLATFORM_UNKNOWN, BLOB_UNKNOWN, DISK_FULL, PERMISSION
 */
export async function saveImages(options: SaveOptions): Promise<ArchivePlanSummary> {
  await using lease = await leaseFor(options);
  const plan = await planSave(options, lease);
  await writeArchive(plan, options);
  return summaryOf(plan);
}

export type WriteArchiveOptions = Pick<SaveOptions, 'output' | 'volumes' | 'events' | 'signal'>;

/** A planned archive to its file, volumes or stream. @throws FILE_MISSING, FILE_UNUSABLE, DISK_FULL, PERMISSION */
export async function writeArchive(plan: ArchivePlan, options: WriteArchiveOptions): Promise<void> {
  const { output, volumes, events } = options;
  const signal = options.signal ? { signal: options.signal } : {};
  const write = (sink: Sink, placing?: Placing) =>
    writeImageArchive(plan, { sink, ...(placing ? { placing } : {}), ...signal });
  const how = { write, ...signal, ...(events ? { events } : {}) };
  if (!volumes) return await writeOutput(output, how);
  if (typeof output !== 'string') throw volumesNeedPath();
  await writeVolumes({ ...how, ...plan, path: output, volumes });
}

function volumesNeedPath(): SlipwayError {
  return new SlipwayError('USAGE', '--volume-size needs a file to name the volumes after', {
    hint: 'name it with -o',
  });
}

/** What {@link saveImages} would write; nothing is written. */
export async function trySave(options: PlanSaveOptions): Promise<ArchivePlanSummary> {
  await using lease = await leaseFor(options);
  return summaryOf(await planSave(options, lease));
}

function leaseFor({ store, images }: PlanSaveOptions): Promise<Lease> {
  return store.lease({ purpose: `save ${images.join(' ')}` });
}

async function planSave(options: PlanSaveOptions, lease: Lease): Promise<ArchivePlan> {
  const { platform, have = [], sign, signal } = options;
  const saved = await collectSaved({ ...options, lease });
  const images: ArchivedTree[] = [];
  for (const image of saved) {
    const tree = await lookUp(image, signal);
    // Referrers and the children of an index are held by nobody yet.
    for (const { raw } of tree.manifests) lease.hold(raw.digest);
    for (const { digest } of tree.blobs) lease.hold(digest);
    images.push(tree);
  }
  return planArchive({
    images,
    show: (index) => selectAnyManifest(index, platform),
    leaveOut: await leftOut(images, { have, ...(signal ? { signal } : {}) }),
    ...(sign ? { sign } : {}),
  });
}

function summaryOf({ bundle, sizeBytes }: ArchivePlan): ArchivePlanSummary {
  const left = new Map(bundle.missing.map(({ digest, size }) => [digest, size]));
  const leftBytes = (blobs: readonly Digest[]): number =>
    blobs.reduce((sum, digest) => sum + (left.get(digest) ?? 0), 0);
  return {
    images: bundle.images.map(({ blobs, ...image }) => ({
      ...image,
      leftOutBytes: leftBytes(blobs),
    })),
    archiveBytes: sizeBytes,
    contentBytes: bundle.blobs.reduce((sum, { size }) => sum + size, 0),
    leftOut: {
      blobs: bundle.missing.length,
      bytes: bundle.missing.reduce((sum, { size }) => sum + size, 0),
    },
  };
}
