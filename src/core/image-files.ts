/** What is told about the inside of images: the answers of ls-files, diff and analyze. */
import type { ByteString } from './bytes.ts';
import type { Digest } from './digest.ts';
import type { JsonValue } from './json.ts';

export type FileKind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo';

/** One file of an image's root. */
export interface ImageFile {
  /** Absolute; names are bytes (core/bytes.ts turns them into text). */
  readonly path: ByteString;
  readonly kind: FileKind;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 for what has none. */
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtimeSeconds: number;
  /** Symlinks: where they lead, as stored. */
  readonly target?: ByteString;
  /** Devices. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** The layer it shows, from 1 for the lowest; absent for a folder that no layer describes. */
  readonly layer?: number;
  /** The diffID of that layer. */
  readonly layerId?: Digest;
}

export interface ImageDiff {
  readonly before: Digest;
  readonly after: Digest;
  /** No difference in config or files; layers may be cut differently. */
  readonly isSame: boolean;
  readonly config: readonly ConfigChange[];
  readonly layers: {
    readonly shared: readonly LayerSize[];
    readonly onlyBefore: readonly LayerSize[];
    readonly onlyAfter: readonly LayerSize[];
  };
  /** Sorted by path, as bytes. */
  readonly files: readonly FileChange[];
}

/** A value of the image config, `Env.PATH`, `Labels.version`, `Cmd`. */
export interface ConfigChange {
  readonly field: string;
  /** Absent: not set there. */
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

export interface LayerSize {
  readonly diffId: Digest;
  /** Bytes as stored, that is: perhaps compressed. */
  readonly size: number;
  readonly createdBy?: string;
}

export type FileDifference =
  | 'type'
  | 'content'
  | 'target'
  | 'device'
  | 'mode'
  | 'owner'
  | 'xattrs'
  | 'time';

export interface FileChange {
  /** Absolute. */
  readonly path: ByteString;
  readonly change: 'added' | 'changed' | 'deleted';
  /** Of the newer one; of the only one. */
  readonly kind: FileKind;
  /** Absent where there is no such file; 0 for what has no content. */
  readonly sizeBefore?: number;
  readonly sizeAfter?: number;
  /** Of a changed file, in the order of FileDifference. */
  readonly differences: readonly FileDifference[];
}

export interface ImageAnalysis {
  readonly imageId: Digest;
  /** Base first. */
  readonly layers: readonly AnalyzedLayer[];
  /** Bytes of all files of all layers; a hard link counts once. */
  readonly totalBytes: number;
  /** Of these, what no container can see: overwritten or deleted by a later layer. */
  readonly wastedBytes: number;
  /** 0 … 1: the part that can be seen; 1 for an image without content. */
  readonly efficiency: number;
  /** Largest first. */
  readonly wasted: readonly WastedFile[];
}

export interface AnalyzedLayer extends LayerSize {
  /** Files that it brings, and the bytes in them. */
  readonly files: number;
  readonly fileBytes: number;
  /** The part of fileBytes that later layers hide. */
  readonly wastedBytes: number;
  /** Names that it removes from the layers below. */
  readonly deletions: number;
}

export interface WastedFile {
  /** Absolute. */
  readonly path: ByteString;
  /** Over all layers that hold a hidden copy. */
  readonly bytes: number;
  /** How many hidden copies there are. */
  readonly copies: number;
  /** Whether something else stands there in the end. */
  readonly fate: 'overwritten' | 'deleted';
  /** Layers with a hidden copy, from 1. */
  readonly layers: readonly number[];
}
