/** The part of the configuration about looking after what the registry holds. */
import { parseByteSize } from '#core/byte-size.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ObjectReader } from '#core/json.ts';
import type { CareConfig, RetentionRule, TagRule } from '#core/registry-config.ts';
import { namePattern } from '../pattern.ts';
import { durationMs } from './duration.ts';
import type { ConfigKeyName } from './keys.ts';

/** In the file only. */
export const CARE_LISTS: readonly string[] = ['quota.rules', 'tags', 'retention.rules'];

/** Shorter than this a push could lose a blob between asking for it and needing it. */
const GRACE_MIN_MS = 60_000;

interface CareValues {
  text(key: ConfigKeyName): string | undefined;
  duration(key: ConfigKeyName): number | undefined;
  size(key: ConfigKeyName): number;
}

/** @throws CONFIG_INVALID, JSON_INVALID */
export function careIn(values: CareValues, document: ObjectReader | undefined): CareConfig {
  const graceMs = needed(values, 'gc.grace');
  if (graceMs < GRACE_MIN_MS) throw invalid('gc.grace is less than a minute');
  return {
    gc: {
      ...intervalIn(values, 'gc.interval'),
      graceMs,
      uploadTtlMs: needed(values, 'gc.uploads'),
    },
    scrub: {
      ...intervalIn(values, 'scrub.interval'),
      bytesPerSecond: values.size('scrub.rate'),
    },
    quota: {
      ...(values.text('quota.total') === undefined
        ? {}
        : { totalBytes: values.size('quota.total') }),
      rules: rulesOf(document, 'quota').map(quotaIn),
    },
    tags: (document?.objects('tags') ?? []).map(tagRuleIn),
    retention: {
      ...intervalIn(values, 'retention.interval'),
      rules: rulesOf(document, 'retention').map(retentionIn),
    },
  };
}

function intervalIn(values: CareValues, key: ConfigKeyName): { readonly intervalMs?: number } {
  const intervalMs = values.duration(key);
  return intervalMs === undefined ? {} : { intervalMs };
}

function needed(values: CareValues, key: ConfigKeyName): number {
  const ms = values.duration(key);
  if (ms === undefined) throw invalid(`${key} cannot be off`);
  return ms;
}

function rulesOf(document: ObjectReader | undefined, key: string): readonly ObjectReader[] {
  return document?.optionalObject(key)?.objects('rules') ?? [];
}

function quotaIn(rule: ObjectReader) {
  needKeys(rule, 'a quota', ['repositories', 'size']);
  return { repositories: patternIn(rule, 'repositories'), bytes: sizeIn(rule.string('size')) };
}

function tagRuleIn(rule: ObjectReader): TagRule {
  needKeys(rule, 'a rule of tags', ['repositories', 'tags', 'immutable', 'protected']);
  return {
    repositories: patternIn(rule, 'repositories'),
    tags: patternIn(rule, 'tags'),
    isImmutable: rule.optionalBoolean('immutable') ?? false,
    isProtected: rule.optionalBoolean('protected') ?? false,
  };
}

const RETENTION_KEYS = [
  'repositories',
  'tags',
  'keep-last',
  'pushed-within',
  'pulled-within',
  'untagged',
];

/** One that keeps nothing would remove everything: it is refused, more likely meant otherwise. */
function retentionIn(rule: ObjectReader): RetentionRule {
  needKeys(rule, 'a rule of retention', RETENTION_KEYS);
  if (!RETENTION_KEYS.slice(2).some((key) => rule.has(key))) {
    throw invalid(
      'a rule of retention says nothing that is kept',
      `it needs one of ${RETENTION_KEYS.slice(2).join(', ')}`,
    );
  }
  return {
    repositories: patternIn(rule, 'repositories'),
    tags: patternIn(rule, 'tags'),
    ...(rule.has('keep-last') ? { keepLast: rule.size('keep-last') } : {}),
    ...timeIn(rule, 'pushed-within', 'pushedWithinMs'),
    ...timeIn(rule, 'pulled-within', 'pulledWithinMs'),
    ...timeIn(rule, 'untagged', 'untaggedMs'),
  };
}

function timeIn<const T extends string>(
  rule: ObjectReader,
  key: string,
  name: T,
): Partial<Record<T, number>> {
  const text = rule.optionalString(key);
  if (text === undefined) return {};
  const ms = durationMs(text);
  if (ms === undefined)
    throw invalid(`${key} is ${JSON.stringify(text)}`, 'a time such as 12h, 30d');
  const times: Partial<Record<T, number>> = {};
  times[name] = ms;
  return times;
}

/** Everything where nothing is said. */
function patternIn(rule: ObjectReader, key: string): string {
  const text = rule.optionalString(key) ?? '**';
  try {
    namePattern(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw invalid(`${key}: ${cause.message}`, 'a glob such as team/**, or /a regular expression/');
  }
  return text;
}

function sizeIn(text: string): number {
  try {
    return parseByteSize(text, { flag: 'size' });
  } catch (error) {
    if (!isSlipwayError(error, 'USAGE')) throw error;
    throw invalid(`size is ${JSON.stringify(text)}`, 'it is a size such as 20GiB');
  }
}

function needKeys(rule: ObjectReader, what: string, known: readonly string[]): void {
  const unknown = rule.keys().find((key) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`${what} has no key ${unknown}`, known.join(', '));
}

function invalid(what: string, hint?: string): SlipwayError {
  return new SlipwayError('CONFIG_INVALID', what, hint === undefined ? {} : { hint });
}
