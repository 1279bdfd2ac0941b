/**
 * Fetches what a partial file lacks. One connection reads from the first gap on, as far as it goes;
 * while that would take long, others fetch segments ahead of it, each by a range of its own: a line
 * that loses packets gives each connection only a share. Only the first connection's failure counts.
 */
import { SlipwayError } from '#core/errors.ts';
import type { BlobSource } from '#core/repository.ts';
import { type PartialFile, SEGMENT_BYTES } from './partial-file.ts';

export interface FillOptions {
  readonly source: BlobSource;
  readonly signal: AbortSignal;
  /** Hears the bytes that are there now and then. */
  readonly onProgress?: (bytes: number) => void;
  readonly pace?: Pace;
  /** Nobody helps the first connection. Default: false. */
  readonly oneConnection?: boolean;
}

/** When more connections are worth it. */
export interface Pace {
  /** How often that is considered. */
  readonly everyMs: number;
  /** What the first connection alone may take without help. */
  readonly patienceMs: number;
  readonly nowMs: () => number;
}

const PACE: Pace = { everyMs: 300, patienceMs: 2000, nowMs: () => performance.now() };

/** Connections besides the first ones, of all blobs together. */
const HELPERS_MAX = 8;
/** The first connection keeps this much ahead of it when others begin. */
const AHEAD_SEGMENTS = 2;

let helpers = 0;

/** A stretch of the file and who fetches it now. */
interface Stretch {
  readonly begin: number;
  /** Bytes up to here are written or on their way to the disk. */
  position: number;
  /** May come nearer when somebody else takes the rest. */
  end: number;
}

/** Resolves when the file is whole. @throws what the source throws; SIZE_MISMATCH when it ends early */
export async function fillPartial(partial: PartialFile, options: FillOptions): Promise<void> {
  await new Filling(partial, options).run();
}

class Filling {
  readonly #partial: PartialFile;
  readonly #options: FillOptions;
  readonly #pace: Pace;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #stretches = new Set<Stretch>();
  readonly #helping = new Set<Promise<void>>();
  /** By earlier attempts. */
  readonly #receivedBefore: number;
  #canHelp: boolean;

  constructor(partial: PartialFile, options: FillOptions) {
    this.#partial = partial;
    this.#options = options;
    this.#pace = options.pace ?? PACE;
    this.#receivedBefore = partial.received;
    this.#canHelp = !options.oneConnection;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  async run(): Promise<void> {
    const ticking = this.#watch();
    try {
      while (!this.#partial.isWhole) {
        await this.#fetchGaps();
        // What a helper gives up is fetched in the next round.
        await Promise.all(this.#helping);
      }
      this.#options.onProgress?.(this.#partial.size);
    } finally {
      clearInterval(ticking);
      this.#stop.abort();
      await Promise.allSettled(this.#helping);
    }
  }

  async #fetchGaps(): Promise<void> {
    const next = (): Stretch | undefined =>
      this.#helping.size > 0 ? this.#nextSegment() : this.#nextGap();
    for (let stretch = next(); stretch; stretch = next()) await this.#fetch(stretch);
  }

  /** The first bytes that are missing and nobody fetches. */
  #nextGap(): Stretch | undefined {
    let from = 0;
    for (;;) {
      const gap = this.#partial.gapFrom(from);
      if (!gap) return undefined;
      const taken = [...this.#stretches].find(
        ({ begin, end }) => begin <= gap.offset && gap.offset < end,
      );
      if (taken) {
        from = taken.end;
        continue;
      }
      const later = [...this.#stretches].flatMap(({ begin }) => (begin > gap.offset ? begin : []));
      const end = Math.min(gap.end, ...later);
      return { begin: gap.offset, position: gap.offset, end };
    }
  }

  /** `exact`: a part, or nothing at all. */
  async #fetch(stretch: Stretch, options: { readonly exact?: boolean } = {}): Promise<void> {
    const { begin, end } = stretch;
    const length = end < this.#partial.size ? { length: end - begin } : {};
    const range = { offset: begin, ...length };
    const how = { ...options, range, signal: this.#signal };
    const lane = this.#partial.lane(begin);
    this.#stretches.add(stretch);
    try {
      for await (const chunk of this.#options.source(how)) {
        const piece = chunk.subarray(0, stretch.end - stretch.position);
        stretch.position += piece.byteLength;
        await lane.write(piece);
        this.#options.onProgress?.(this.#partial.received);
        // Else the answer ends here by itself, and its connection can be used again.
        const isCut = stretch.end < end && stretch.position === stretch.end;
        if (isCut || piece.byteLength < chunk.byteLength) break;
      }
    } finally {
      await lane.flush();
      this.#stretches.delete(stretch);
    }
    if (stretch.position < stretch.end) throw endedEarly(this.#partial, stretch);
  }

  #watch(): NodeJS.Timeout {
    let before = { bytes: this.#partial.received, atMs: this.#pace.nowMs() };
    const tick = (): void => {
      const now = { bytes: this.#partial.received, atMs: this.#pace.nowMs() };
      const bytesPerMs = (now.bytes - before.bytes) / Math.max(1, now.atMs - before.atMs);
      before = now;
      const leftMs = (this.#partial.size - now.bytes) / Math.max(1e-6, bytesPerMs);
      if (now.bytes > this.#receivedBefore && leftMs > this.#pace.patienceMs) this.#addHelper();
    };
    return setInterval(tick, this.#pace.everyMs);
  }

  #addHelper(): void {
    if (!this.#canHelp || helpers >= HELPERS_MAX) return;
    const stretch = this.#nextSegment() ?? this.#splitLongest();
    if (!stretch) return;
    helpers += 1;
    const work = this.#help(stretch).finally(() => {
      helpers -= 1;
      this.#helping.delete(work);
    });
    this.#helping.add(work);
  }

  async #help(first: Stretch): Promise<void> {
    try {
      for (let next: Stretch | undefined = first; next; next = this.#nextSegment()) {
        await this.#fetch(next, { exact: true });
        if (!this.#canHelp) return;
      }
    } catch {
      // The first connection goes on alone, and its troubles are told.
      this.#canHelp = false;
    }
  }

  #nextSegment(): Stretch | undefined {
    const gap = this.#nextGap();
    return gap && { ...gap, end: Math.min(gap.end, endOfSegment(gap.position)) };
  }

  /** The first segment of what the first connection would come to much later. */
  #splitLongest(): Stretch | undefined {
    for (const stretch of this.#stretches) {
      const from = endOfSegment(stretch.position) + AHEAD_SEGMENTS * SEGMENT_BYTES;
      if (from >= stretch.end) continue;
      const { end } = stretch;
      stretch.end = from;
      return { begin: from, position: from, end: Math.min(end, endOfSegment(from)) };
    }
    return undefined;
  }
}

function endOfSegment(position: number): number {
  return (Math.floor(position / SEGMENT_BYTES) + 1) * SEGMENT_BYTES;
}

function endedEarly({ path, size }: PartialFile, { position }: Stretch): SlipwayError {
  return new SlipwayError('SIZE_MISMATCH', `size mismatch: ${position} bytes instead of ${size}`, {
    hint: 'the registry or a proxy before it cuts content off: try again, then push the image again',
    detail: { path, expected: size, found: position },
  });
}
