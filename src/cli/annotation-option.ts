/** `--annotation` of a build: `[manifest:]key=value`, as docker reads it. Pure. */
import { SlipwayError } from '#core/errors.ts';

/** What may be annotated besides, where there is an index. */
const OF_INDEXES = ['index', 'manifest-descriptor', 'index-descriptor'];

/** The annotations of the manifest, the last of a key winning. @throws USAGE */
export function annotationsOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map(annotationIn));
}

function annotationIn(word: string): readonly [key: string, value: string] {
  const [, type = 'manifest', assignment = word] =
    /^([a-z-]+)(?:\[[\w/-]+\])?:(.*)$/s.exec(word) ?? [];
  const equals = assignment.indexOf('=');
  if (equals <= 0) {
    throw usage(`invalid annotation "${word}", expected key=value`, 'write --annotation key=value');
  }
  if (OF_INDEXES.includes(type)) {
    throw usage(
      `${type} annotations not supported for single platform export`,
      'write --annotation manifest:key=value, or leave out what stands before the key',
    );
  }
  if (type !== 'manifest') {
    throw usage(`unknown annotation type "${type}"`, 'write --annotation manifest:key=value');
  }
  return [assignment.slice(0, equals), assignment.slice(equals + 1)];
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
