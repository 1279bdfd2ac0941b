/** `-a NAME=VALUE` words, of what is noted of a signature or an attached file. Pure. */
import { SlipwayError } from '#core/errors.ts';

/** @throws USAGE */
export function annotationMap(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=');
      if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)] as const;
      throw new SlipwayError('USAGE', `invalid annotation "${word}", expected key=value`, {
        hint: 'write -a key=value',
      });
    }),
  );
}
