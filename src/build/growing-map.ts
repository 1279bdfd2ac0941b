/**
 * Immutable maps that grow by one entry at a time: a copy for each would make a Dockerfile of ten
 * thousand ENV lines take longer than everything else of its build. The large part is shared, the
 * newest entries are in a small part of their own.
 */

/** A map with one more entry; the given one stays as it is. Order as in a Map: by first setting. */
export function withEntry(
  map: ReadonlyMap<string, string>,
  name: string,
  value: string,
): ReadonlyMap<string, string> {
  return GrowingMap.of(map).with(name, value);
}

/** The newest part is merged when it is larger than this and than the root of the whole. */
const NEWEST_ENTRIES = 16;

class GrowingMap implements ReadonlyMap<string, string> {
  readonly #settled: ReadonlyMap<string, string>;
  readonly #newest: ReadonlyMap<string, string>;

  private constructor(
    settled: ReadonlyMap<string, string>,
    newest: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#settled = settled;
    this.#newest = newest;
  }

  static of(map: ReadonlyMap<string, string>): GrowingMap {
    return map instanceof GrowingMap ? map : new GrowingMap(new Map(map));
  }

  with(name: string, value: string): GrowingMap {
    const newest = new Map(this.#newest).set(name, value);
    const grown = new GrowingMap(this.#settled, newest);
    const isLarge = newest.size > Math.max(NEWEST_ENTRIES, Math.sqrt(this.#settled.size));
    return isLarge ? new GrowingMap(grown.#whole()) : grown;
  }

  get size(): number {
    return this.#whole().size;
  }

  get(name: string): string | undefined {
    return this.#newest.get(name) ?? this.#settled.get(name);
  }

  has(name: string): boolean {
    return this.#newest.has(name) || this.#settled.has(name);
  }

  keys(): MapIterator<string> {
    return this.#whole().keys();
  }

  values(): MapIterator<string> {
    return this.#whole().values();
  }

  entries(): MapIterator<[string, string]> {
    return this.#whole().entries();
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }

  forEach(visit: (value: string, name: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }

  #whole(): ReadonlyMap<string, string> {
    if (this.#newest.size === 0) return this.#settled;
    const whole = new Map(this.#settled);
    for (const [name, value] of this.#newest) whole.set(name, value);
    return whole;
  }
}
