/**
 * A plain tar on disk as files by path: one pass over the headers (content is skipped by offset, not
 * read), then any file is read where it lies. Nothing is unpacked. Other than #archive/tar-read.ts
 * it needs a seekable file and looks only at names, kinds and sizes.
 */
import { displayPath, normalizeEntryPath } from '#archive/entry-path.ts';
import { decodePax, paxInteger } from '#archive/pax.ts';
import {
  BLOCK,
  decodeHeader,
  invalidArchive,
  isZeroBlock,
  paddingOf,
  type TarHeader,
  TYPE,
} from '#archive/tar-header.ts';
import { toByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { PackedFiles } from './packed-files.ts';
import {
  endOf,
  partsOf,
  readSegments,
  type Segment,
  SegmentReader,
  segmentsOf,
} from './segments.ts';

const EXTENDED_BYTES_MAX = 4 * 1024 * 1024;
const ENTRIES_MAX = 1_000_000;
const LINKS_MAX = 10;

type Packed =
  | {
      readonly kind: 'file';
      readonly offset: number;
      readonly size: number;
      /** The tar has an earlier file of this name, too. */
      readonly isRepeated?: boolean;
    }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' };

export interface TarFiles extends PackedFiles {
  /** Paths of everything in it, in order; a repeated path once. */
  readonly paths: readonly string[];
  /** Where a file lies in the whole, links followed: to open a tar within, to read it by offset. */
  place(path: string): { readonly offset: number; readonly size: number } | undefined;
}

export interface TarFilesOptions {
  /** The tar is a part of the whole: a tar within a tar. Absent: all of it. */
  readonly part?: { readonly offset: number; readonly size: number };
  /** For messages; default: the path. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/**
 * Indexes the tar: a file, or the segments that it was split into.
 * @throws ARCHIVE_INVALID damaged or cut off; ENTRY_REFUSED
 */
export async function openTarFiles(
  source: string | readonly Segment[],
  options: TarFilesOptions = {},
): Promise<TarFiles> {
  const segments = typeof source === 'string' ? await segmentsOf([source]) : source;
  const name = options.name ?? segments[0]?.path ?? 'an empty set of volumes';
  const packed = await indexSegments(segments, options);
  const find = (wanted: string): Packed | undefined => followLinks(packed, wanted);
  return {
    name,
    paths: [...packed.keys()],
    place(wanted) {
      const found = find(wanted);
      return found?.kind === 'file' ? { offset: found.offset, size: found.size } : undefined;
    },
    isRepeated(wanted) {
      const found = find(wanted);
      return found?.kind === 'file' && found.isRepeated === true;
    },
    async size(wanted) {
      const found = find(wanted);
      return found?.kind === 'file' ? found.size : undefined;
    },
    async *read(wanted, { range, ...how } = {}) {
      const found = find(wanted);
      if (found?.kind !== 'file') throw invalidArchive(`${wanted} is missing in ${name}`, 0);
      const start = Math.min(range?.offset ?? 0, found.size);
      const length = Math.min(range?.length ?? found.size, found.size - start);
      yield* readSegments(segments, {
        range: { offset: found.offset + start, length },
        ...how,
      });
    },
    async partsOf(wanted) {
      const found = find(wanted);
      if (found?.kind !== 'file') return undefined;
      return partsOf(segments, { offset: found.offset, length: found.size });
    },
  };
}

async function indexSegments(
  segments: readonly Segment[],
  options: TarFilesOptions,
): Promise<Map<string, Packed>> {
  await using reader = new SegmentReader(segments);
  const part = options.part ?? { offset: 0, size: endOf(segments) };
  return await indexHeaders(new BlockReader(reader, part), options.signal);
}

async function indexHeaders(
  reader: BlockReader,
  signal: AbortSignal | undefined,
): Promise<Map<string, Packed>> {
  const found = new Map<string, Packed>();
  let extensions: Extensions = {};
  for (let count = 0; ; count += 1) {
    signal?.throwIfAborted();
    if (count > ENTRIES_MAX)
      throw invalidArchive(`more than ${ENTRIES_MAX} entries`, reader.offset);
    const offset = reader.offset;
    const block = await reader.header();
    if (block === undefined || isZeroBlock(block)) return found;
    const header = decodeHeader(block, offset);
    if (isExtension(header.type)) {
      extensions = await extend(extensions, header, reader);
      continue;
    }
    const size = hasContent(header.type) ? (extensions.size ?? header.size) : 0;
    const name = normalizeEntryPath(extensions.path ?? header.name);
    const packed = packedOf(header, { ...extensions, name, offset: reader.offset, size });
    const isRepeated = packed.kind === 'file' && found.get(name)?.kind === 'file';
    found.set(name, isRepeated ? { ...packed, isRepeated } : packed);
    reader.skip(size);
    extensions = {};
  }
}

interface Extensions {
  readonly path?: string;
  readonly link?: string;
  readonly size?: number;
}

function isExtension(type: string): boolean {
  const types: readonly string[] = [
    TYPE.pax,
    TYPE.solarisPax,
    TYPE.paxGlobal,
    TYPE.gnuLongName,
    TYPE.gnuLongLink,
    TYPE.gnuVolumeLabel,
  ];
  return types.includes(type);
}

async function extend(
  before: Extensions,
  header: TarHeader,
  reader: BlockReader,
): Promise<Extensions> {
  const at = reader.offset;
  const data = await reader.content(header.size);
  const text = data.toString('latin1').replace(/\0.*$/s, '');
  switch (header.type) {
    case TYPE.gnuLongName:
      return { ...before, path: text };
    case TYPE.gnuLongLink:
      return { ...before, link: text };
    case TYPE.pax:
    case TYPE.solarisPax:
      return { ...before, ...paxExtensions(data, at) };
    default:
      return before;
  }
}

function paxExtensions(data: Buffer, offset: number): Extensions {
  const fields = new Map(decodePax(data, offset).map(({ key, value }) => [key, value]));
  const path = fields.get('path')?.toString('latin1');
  const link = fields.get('linkpath')?.toString('latin1');
  const size = fields.get('size');
  return {
    ...(path ? { path } : {}),
    ...(link ? { link } : {}),
    ...(size?.length ? { size: paxInteger(size, offset) } : {}),
  };
}

/** Links, devices, directories and pipes have no content whatever their size field says. */
function hasContent(type: string): boolean {
  return !['1', '2', '3', '4', '5', '6'].includes(type);
}

function packedOf(
  header: TarHeader,
  entry: Extensions & { readonly name: string; readonly offset: number; readonly size: number },
): Packed {
  const link = entry.link ?? header.linkName;
  switch (header.type) {
    case TYPE.file:
    case TYPE.contiguous:
      return { kind: 'file', offset: entry.offset, size: entry.size };
    case TYPE.hardlink:
      return { kind: 'link', target: normalizeEntryPath(link) };
    case TYPE.symlink:
      return { kind: 'link', target: resolveLink(entry.name, link) };
    default:
      return { kind: 'other' };
  }
}

/** Old `docker save` shares layers by links such as `../<id>/layer.tar`; a link out of the tar leads nowhere. */
function resolveLink(from: string, target: string): string {
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function followLinks(packed: ReadonlyMap<string, Packed>, path: string): Packed | undefined {
  let wanted: string = normalizeOrEmpty(path);
  for (let count = 0; count < LINKS_MAX; count += 1) {
    const found = packed.get(wanted);
    if (found?.kind !== 'link') return found;
    wanted = found.target;
  }
  throw new SlipwayError(
    'ARCHIVE_INVALID',
    `links lead in a circle at ${displayPath(toByteString(path))}`,
  );
}

/** What cannot be a path in a tar is not in it. */
function normalizeOrEmpty(path: string): string {
  try {
    return normalizeEntryPath(toByteString(path));
  } catch (error) {
    if (isSlipwayError(error, 'ENTRY_REFUSED')) return '';
    throw error;
  }
}

/** Reads headers by offset. `offset` is from the start of the whole, not of the part. */
class BlockReader {
  readonly #source: SegmentReader;
  readonly #end: number;
  offset: number;

  constructor(source: SegmentReader, part: { readonly offset: number; readonly size: number }) {
    this.#source = source;
    this.offset = part.offset;
    this.#end = part.offset + part.size;
  }

  /** The next block, or undefined at a clean end. */
  async header(): Promise<Buffer | undefined> {
    if (this.offset === this.#end) return undefined;
    return await this.#take(BLOCK);
  }

  async content(size: number): Promise<Buffer> {
    if (size > EXTENDED_BYTES_MAX)
      throw invalidArchive('an extended header is too large', this.offset);
    const data = await this.#take(size);
    this.skip(0, paddingOf(size));
    return data;
  }

  skip(size: number, padding: number = paddingOf(size)): void {
    if (size < 0 || this.offset + size > this.#end) {
      throw invalidArchive('it ends within the content of an entry', this.offset);
    }
    // The very last padding may be missing; readers of other projects accept that too.
    this.offset = Math.min(this.offset + size + padding, this.#end);
  }

  async #take(size: number): Promise<Buffer> {
    const buffer = await this.#source.read(this.offset, size);
    if (buffer.byteLength < size || this.offset + size > this.#end) {
      throw invalidArchive('it ends within a header', this.offset);
    }
    this.offset += size;
    return buffer;
  }
}
