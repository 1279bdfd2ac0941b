/** What the local store tells about itself: the answers of df, prune, why and check. */
import type { Digest } from './digest.ts';

/** How much of the build cache stays; what images have as well does not count. At least one is there. */
export interface CacheBounds {
  /** At most this much. */
  readonly maxUsedBytes?: number;
  /** Never less than this, whatever the others say; alone: this much. */
  readonly reservedBytes?: number;
  /** Less, if the disk would have less room than this. */
  readonly minFreeBytes?: number;
}

/** What `prune` may remove. */
export interface PruneSelection {
  /** Absent: images stay. */
  readonly images?: {
    /** Also images with tags. */
    readonly all?: boolean;
    readonly createdBeforeMs?: number;
    /** Only images of whose labels this is true. */
    readonly hasLabels?: (labels: Readonly<Record<string, string>>) => boolean;
  };
  /** Absent: the build cache stays. */
  readonly cache?: {
    /** Also layers that images use. */
    readonly all?: boolean;
    readonly usedBeforeMs?: number;
    /** Also records of builds with their logs; default: as `all`. */
    readonly withHistory?: boolean;
    /** What was not used for longest goes, until the cache is within these. */
    readonly bounds?: CacheBounds;
  };
  /** Only say what would go, to the byte. */
  readonly dryRun?: boolean;
}

export interface PruneReport {
  readonly images: readonly {
    readonly imageId: Digest;
    /** Names that went with it, as people write them. */
    readonly untagged: readonly string[];
  }[];
  readonly cache: readonly CacheEntrySummary[];
  readonly freedBytes: number;
}

/** A layer that the build cache keeps, the folder of a cache mount, or the record of a build. */
export interface CacheEntrySummary {
  /** The layer's diffID, the key of a record without layer, or the ref of a build. */
  readonly id: string;
  /** The instruction. */
  readonly description: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly usedAtMs: number;
  readonly uses: number;
  readonly sizeBytes: number;
  /** It is no layer but the folder of a cache mount. */
  readonly isMount?: boolean;
  /** It is no layer but the record of a build, with its log. */
  readonly isBuild?: boolean;
}

/** One row of `system df`. */
export interface UsageSummary {
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  readonly reclaimableBytes: number;
}

export type UsageKind = 'images' | 'containers' | 'volumes' | 'cache' | 'registry' | 'other';

export interface DiskUsage {
  readonly rows: Readonly<Record<UsageKind, UsageSummary>>;
  readonly images: readonly {
    /** Digest of the config; of the manifest where that cannot be read. */
    readonly imageId: Digest;
    /** Somebody works with it now. */
    readonly isActive: boolean;
    /** Of files that other images need, too. */
    readonly sharedBytes: number;
    readonly uniqueBytes: number;
  }[];
  readonly cache: readonly (CacheEntrySummary & {
    readonly isActive: boolean;
    /** An image or the registry has the layer, too. */
    readonly isShared: boolean;
  })[];
}

/** What `gc` removed, or would remove. */
export interface GarbageReport {
  readonly blobs: readonly Digest[];
  /** Of everything, as `du -sb` counts it. */
  readonly freedBytes: number;
  /** By kind: blob, index, folder, merged, upload, partial, log. Kinds of which nothing went are left out. */
  readonly freed: Readonly<Record<string, { readonly count: number; readonly bytes: number }>>;
}

/** Who keeps a digest in the store, and what else speaks of it. */
export interface DigestReport {
  readonly digest: Digest;
  /** What is here of it: `blob`, `index`, `folder`, `merged`. */
  readonly files: readonly {
    readonly kind: string;
    readonly path: string;
    readonly bytes: number;
  }[];
  readonly holders: readonly DigestHolder[];
  /** What points at it without keeping it. */
  readonly mentions: readonly {
    readonly kind: 'referrer' | 'alias';
    /** Of the referrer; of the manifest that the alias stands for. */
    readonly digest: Digest;
    readonly repository: string;
    readonly artifactType?: string;
  }[];
  /** All that is here of it goes with the next gc. */
  readonly isGarbage: boolean;
  /** Bytes the next gc frees of it. */
  readonly freedByGc: number;
  /** For a merged image: days it stays after its last use. */
  readonly keptDays?: number;
}

export type DigestHolder = Holding & {
  /** It holds another form of the same layer, and all forms stay together. */
  readonly as?: { readonly digest: Digest; readonly form: string };
};

type Holding =
  | {
      readonly kind: 'name';
      readonly space: 'images' | 'registry';
      readonly repository: string;
      /** None: it can be had by its digest. */
      readonly tags: readonly string[];
      readonly manifest: Digest;
      /** From that manifest down; empty when it is the digest itself. */
      readonly way: readonly { readonly manifest: Digest; readonly role: string }[];
    }
  | {
      readonly kind: 'lease';
      /** `build .`, `pull docker.io/library/x`. */
      readonly purpose: string;
      readonly isAlive: boolean;
      readonly pid?: number;
    }
  | {
      readonly kind: 'cache';
      /** The instruction. */
      readonly description: string;
      readonly usedAtMs: number;
      readonly uses: number;
      readonly records: number;
    }
  | { readonly kind: 'link'; readonly repository: string; readonly untilMs: number }
  | { readonly kind: 'mount'; readonly pid: number; readonly mountPoint: string }
  | { readonly kind: 'loop'; readonly device: string };

/** Something that is not as it should be in the store. */
export interface StoreProblem {
  readonly kind:
    | 'blob-damaged'
    | 'image-incomplete'
    | 'layer-mismatch'
    | 'index-damaged'
    | 'merged-damaged'
    | 'fact-wrong'
    | 'row-orphan'
    | 'database-damaged'
    | 'file-foreign'
    | 'file-left';
  /** False: worth knowing, no harm. */
  readonly isError: boolean;
  /** One sentence. */
  readonly what: string;
  /** What it means for the user, and what to do. */
  readonly consequence: string;
  /** `left`: only people, or a pull, can do something about it. */
  readonly state: 'repairable' | 'repaired' | 'left';
}

export interface CheckReport {
  readonly problems: readonly StoreProblem[];
  readonly blobs: number;
  /** Of the blobs. */
  readonly bytes: number;
  readonly layers: number;
  readonly images: number;
  /** Contents were not read: lengths, small documents and rows only. */
  readonly isQuick: boolean;
}

export interface CheckOptions {
  readonly repair?: boolean;
  readonly quick?: boolean;
  readonly signal?: AbortSignal;
}
