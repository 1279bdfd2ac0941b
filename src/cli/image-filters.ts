/**
 * `images --filter`, by docker's rules: several of `label` must all fit, of the others one of a kind
 * suffices. Pure but for the images that `before` and `since` name.
 */
import { SlipwayError } from '#core/errors.ts';
import type { ImageSummary } from '#core/local-image.ts';
import { type NameTest, namePattern } from './name-pattern.ts';
import { labelRule, parseUntil } from './prune-filter.ts';

export interface ImageFilters {
  readonly keeps: (image: ImageSummary) => boolean;
  /** Names not among them are left out; absent: all. */
  readonly names?: NameTest;
}

export interface FilterSources {
  readonly nowMs: number;
  /** The image that `before` or `since` names. @throws IMAGE_UNKNOWN */
  readonly inspect: (reference: string) => Promise<ImageSummary>;
}

const KINDS = ['before', 'dangling', 'label', 'reference', 'since', 'until'] as const;
type Kind = (typeof KINDS)[number];
type ImageTest = (image: ImageSummary) => boolean;

/** `pattern` is the REPOSITORY[:TAG] of the command line. @throws USAGE, IMAGE_UNKNOWN */
export async function parseImageFilters(
  filters: readonly string[],
  pattern: string | undefined,
  sources: FilterSources,
): Promise<ImageFilters> {
  const tests: ImageTest[] = [];
  const patterns = pattern === undefined ? [] : [namePattern(pattern)];
  const values = Map.groupBy(filters.map(splitFilter), ({ kind }) => kind);
  for (const [kind, given] of values) {
    const all = given.map(({ value }) => value);
    if (kind === 'reference') patterns.push(...all.map(namePattern));
    else tests.push(await imageTest(kind, all, sources));
  }
  return {
    keeps: (image) => tests.every((test) => test(image)),
    ...(patterns.length === 0 ? {} : { names: (name) => patterns.some((fits) => fits(name)) }),
  };
}

function splitFilter(text: string): { readonly kind: Kind; readonly value: string } {
  const equals = text.indexOf('=');
  if (equals < 0) {
    throw new SlipwayError(
      'USAGE',
      `invalid argument "${text}" for "-f, --filter" flag: bad format of filter (expected name=value)`,
    );
  }
  const name = text.slice(0, equals).trim().toLowerCase();
  const kind = KINDS.find((known) => known === name);
  if (kind) return { kind, value: text.slice(equals + 1).trim() };
  throw new SlipwayError('USAGE', `invalid filter '${name}'`, {
    hint: `the filters here are ${KINDS.join(', ')}`,
  });
}

async function imageTest(
  kind: Exclude<Kind, 'reference'>,
  values: readonly string[],
  { nowMs, inspect }: FilterSources,
): Promise<ImageTest> {
  switch (kind) {
    case 'label': {
      const rules = values.map((value) => labelRule(value, false));
      return (image) => rules.every((fits) => fits(image.config.config.Labels ?? {}));
    }
    case 'dangling': {
      const wanted = values.map(danglingValue);
      return (image) => wanted.includes(image.tags.length === 0);
    }
    case 'until': {
      const limits = values.map((value) => parseUntil(value, nowMs));
      return (image) => limits.some((limit) => createdMs(image) < limit);
    }
    default: {
      const limits = await Promise.all(values.map(async (name) => createdMs(await inspect(name))));
      return kind === 'before'
        ? (image) => limits.some((limit) => createdMs(image) < limit)
        : (image) => limits.some((limit) => createdMs(image) > limit);
    }
  }
}

function danglingValue(value: string): boolean {
  if (['1', 'true'].includes(value.toLowerCase())) return true;
  if (['0', 'false'].includes(value.toLowerCase())) return false;
  throw new SlipwayError('USAGE', `invalid filter 'dangling=[${value}]'`, {
    hint: 'write dangling=true or dangling=false',
  });
}

/** An image without a time is older than any other. */
function createdMs({ created }: ImageSummary): number {
  const atMs = Date.parse(created ?? '');
  return Number.isNaN(atMs) ? Number.NEGATIVE_INFINITY : atMs;
}
