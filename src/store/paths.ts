/**
 * The store's tree on disk, drawn once; nobody else spells a path of it.
 *
 *   <root>/
 *     metadata.db                      names, leases, cache records, layer facts (metadata.ts)
 *     blobs/<alg>/<hex>                immutable content: manifests, configs, layers as received, plain tars
 *     indexes/v1/<alg>/<hex>.erofs     layer indexes, by diffID; derived, can be made again
 *     merged/v1/<alg>/<hex>.erofs      merged images, by chain and boot of the machine; derived
 *     merged/v1/<alg>/<hex>.folder/    the last layer of a chain, unpacked with what it takes from the
 *                                      others; derived
 *     folders/v1/<alg>/<hex>/          unpacked layers, by diffID; derived
 *     parsed/v1/<hash>.json            parsed Dockerfiles (parsed-files.ts); derived
 *     scans/v1/<hex>                   what was found in build contexts, by their place; derived
 *     stubs/v1/                        empty mount points below every container's layers
 *     mounts/<hex>.<slot>/             folders of RUN --mount=type=cache, by the hash of their id
 *     builds/<ref>.log                 what happened in a build, an event a line (build-log.ts)
 *     ingest/<owner>.<random>          files being written; worthless once their owner is dead
 *     snapshots/<owner>.<random>/      writable roots; worthless once their owner is dead
 *     uploads/<id>                     registry upload sessions; they outlive a process
 *     partials/<alg>-<hex>             downloads that broke off or go on now (partial-file.ts), and beside
 *     partials/<alg>-<hex>.have        each how far it has come
 *     incoming/<hex>/                  volumes of an archive that come one at a time (incoming.ts)
 *     trash/<owner>.<random>           renamed away, on its way out
 *     reserve                          room that is given up when the disk is full (reserve.ts)
 *     quarantine/<alg>-<hex>.<random>  damaged blobs that a repair set aside; only people remove them
 *
 * `<owner>` names a process for good (process-owner.ts). `v1` is the version of a derived format: a
 * new one lives beside the old.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { algorithmOf, type Digest, encodedOf } from '#core/digest.ts';
import { currentOwner } from './process-owner.ts';

/** Folders whose entries belong to a process and die with it. */
export type TemporaryFolder = 'ingest' | 'snapshots' | 'trash';

export interface StorePaths {
  readonly root: string;
  readonly database: string;
  readonly blobs: string;
  readonly indexes: string;
  readonly merged: string;
  readonly folders: string;
  readonly scans: string;
  readonly stubs: string;
  readonly uploads: string;
  readonly partials: string;
  readonly incoming: string;
  readonly mountCaches: string;
  readonly buildLogs: string;
  readonly ingest: string;
  readonly snapshots: string;
  readonly trash: string;
  readonly quarantine: string;
  readonly reserve: string;
  blob(digest: Digest): string;
  /** The layer index of a plain tar. */
  index(diffId: Digest): string;
  /** The merged image of a chain; `chain` is whatever digest names it. */
  mergedImage(chain: Digest): string;
  /** The last layer of a chain, unpacked for this chain only. */
  chainFolder(chain: Digest): string;
  /** The unpacked form of a layer. */
  folder(diffId: Digest): string;
  upload(id: string): string;
  /** A download of the blob under way. */
  partial(digest: Digest): string;
  /** The log of a build. */
  buildLog(ref: string): string;
  /** A fresh place for a damaged blob. */
  quarantined(digest: Digest): string;
  /** A fresh path of this process's own; nothing is made there. */
  temporary(folder: TemporaryFolder): string;
}

export function storePaths(root: string): StorePaths {
  const under = (folder: string): string => join(root, folder);
  const byDigest = (folder: string, digest: Digest, suffix = ''): string =>
    join(root, folder, algorithmOf(digest), encodedOf(digest) + suffix);
  return {
    root,
    database: under('metadata.db'),
    blobs: under('blobs'),
    indexes: under('indexes/v1'),
    merged: under('merged/v1'),
    folders: under('folders/v1'),
    scans: under('scans/v1'),
    stubs: under('stubs/v1'),
    uploads: under('uploads'),
    partials: under('partials'),
    incoming: under('incoming'),
    mountCaches: under('mounts'),
    buildLogs: under('builds'),
    ingest: under('ingest'),
    snapshots: under('snapshots'),
    trash: under('trash'),
    quarantine: under('quarantine'),
    reserve: under('reserve'),
    blob: (digest) => byDigest('blobs', digest),
    index: (diffId) => byDigest('indexes/v1', diffId, '.erofs'),
    mergedImage: (chain) => byDigest('merged/v1', chain, '.erofs'),
    chainFolder: (chain) => byDigest('merged/v1', chain, '.folder'),
    folder: (diffId) => byDigest('folders/v1', diffId),
    upload: (id) => join(root, 'uploads', id),
    partial: (digest) => join(root, 'partials', digest.replace(':', '-')),
    buildLog: (ref) => join(root, 'builds', `${ref}.log`),
    quarantined: (digest) =>
      join(root, 'quarantine', `${digest.replace(':', '-')}.${randomBytes(4).toString('hex')}`),
    temporary: (folder) =>
      join(root, folder, `${currentOwner()}.${randomBytes(8).toString('hex')}`),
  };
}
