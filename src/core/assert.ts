/** Invariants of our own code. Never for input: input gets a SlipwayError with a fix. */

/** Throws when a condition that our own code guarantees does not hold. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${what}`);
}

/** Marks a union as exhausted; a new member then fails to compile here. */
export function unreachable(value: never): never {
  throw new Error(`invariant broken: unexpected ${JSON.stringify(value)}`);
}
