/** `NAME=value` words of `-e` and `--build-arg`; a bare NAME takes the caller's variable. Pure. */

type Lookup = (name: string) => string | undefined;

/** As a map. A bare name that the caller does not have is left out, as in docker. */
export function assignments(words: readonly string[], lookup: Lookup): Record<string, string> {
  return Object.fromEntries(
    words.flatMap((word) => {
      const equals = word.indexOf('=');
      if (equals >= 0) return [[word.slice(0, equals), word.slice(equals + 1)] as const];
      const value = lookup(word);
      return value === undefined ? [] : [[word, value] as const];
    }),
  );
}

/** The same as `NAME=value` words, in order, the last of a name winning. */
export function assignmentWords(words: readonly string[], lookup: Lookup): readonly string[] {
  return Object.entries(assignments(words, lookup)).map(([name, value]) => `${name}=${value}`);
}
