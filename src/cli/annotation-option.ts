/** `--annotation` of a build and `annotation` attributes of outputs, as docker reads them. Pure. */
import type { AnnotationPlace, BuildAnnotation } from '#core/build-annotation.ts';
import { SlipwayError } from '#core/errors.ts';
import { type Platform, parsePlatform } from '#core/platform.ts';

const PLACES: readonly AnnotationPlace[] = [
  'manifest',
  'manifest-descriptor',
  'index',
  'index-descriptor',
];

/** What a word may begin with: `manifest,index[linux/arm64]:`. */
const START = /^([a-z-]+(?:,[a-z-]+)*)(?:\[([^\]]*)\])?:(.*)$/s;

/** `[TYPE,TYPE[PLATFORM]:]KEY=VALUE` words. @throws USAGE, PLATFORM_INVALID */
export function annotationsOf(
  words: readonly string[],
  host: Platform,
): readonly BuildAnnotation[] {
  return words.flatMap((word) => {
    const [, types, platform, assignment = word] = START.exec(word) ?? [];
    const equals = assignment.indexOf('=');
    if (equals <= 0) {
      throw usage(
        `invalid annotation "${word}", expected key=value`,
        'write --annotation key=value',
      );
    }
    const key = assignment.slice(0, equals);
    const value = assignment.slice(equals + 1);
    return annotationsOn((types ?? 'manifest').split(','), { key, value, platform }, host);
  });
}

/** `annotation[-TYPE][[PLATFORM]].KEY`; undefined for what is no such name. @throws as above */
export function annotationAttribute(
  name: string,
  value: string,
  host: Platform,
): readonly BuildAnnotation[] | undefined {
  const [, type = 'manifest', platform, key] =
    /^annotation(?:-([a-z-]+))?(?:\[([^\]]*)\])?\.(.+)$/s.exec(name) ?? [];
  return key === undefined ? undefined : annotationsOn([type], { key, value, platform }, host);
}

function annotationsOn(
  types: readonly string[],
  given: { readonly key: string; readonly value: string; readonly platform: string | undefined },
  host: Platform,
): readonly BuildAnnotation[] {
  const { key, value } = given;
  const platform =
    given.platform === undefined ? {} : { platform: parsePlatform(given.platform, host) };
  return types.map((type) => ({ on: placeOf(type), key, value, ...platform }));
}

function placeOf(type: string): AnnotationPlace {
  const place = PLACES.find((name) => name === type);
  if (place !== undefined) return place;
  throw usage(`unknown annotation type "${type}"`, 'write --annotation manifest:key=value');
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
