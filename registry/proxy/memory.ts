/** What is remembered of upstreams for a while and may be forgotten at any time. */
const ABSENT_MS = 10_000;
const ABSENT_MAX = 10_000;
const SIZES_MAX = 100_000;

/** What an upstream said is not there: asked for again and again, it is asked once in ten seconds. */
export class Absent {
  readonly #nowMs: () => number;
  readonly #known = new Map<string, { readonly error: unknown; readonly untilMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(key: string, error: unknown): void {
    bound(this.#known, ABSENT_MAX);
    this.#known.set(key, { error, untilMs: this.#nowMs() + ABSENT_MS });
  }

  /** The error that was said. */
  get(key: string): unknown {
    const known = this.#known.get(key);
    if (known && this.#nowMs() < known.untilMs) return known.error;
    this.#known.delete(key);
    return undefined;
  }
}

/** Sizes of blobs as manifests of their repository say them: a blob is fetched without being asked for first. */
export class BlobSizes {
  readonly #known = new Map<string, number>();

  add(repository: string, digest: string, size: number): void {
    bound(this.#known, SIZES_MAX);
    this.#known.set(`${repository}@${digest}`, size);
  }

  get(repository: string, digest: string): number | undefined {
    return this.#known.get(`${repository}@${digest}`);
  }

  delete(repository: string, digest: string): void {
    this.#known.delete(`${repository}@${digest}`);
  }
}

/** The oldest goes. */
function bound(map: Map<string, unknown>, max: number): void {
  const [oldest] = map.keys();
  if (oldest !== undefined && map.size >= max) map.delete(oldest);
}
