/**
 * What FROM means once its words are expanded: an earlier stage, scratch, or an image; and which
 * platform its flag names. With docker's complaint where it is none of these.
 */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { type Platform, parsePlatform } from '#core/platform.ts';
import { parseReference, type Reference, withDefaultTag } from '#core/reference.ts';
import { baseStage, type Stage, stageNamed } from './stages.ts';

export type StageBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: Reference };

/** @throws DOCKERFILE_INVALID, REFERENCE_INVALID */
export function readBase(stage: Stage, expanded: string, stages: readonly Stage[]): StageBase {
  if (expanded === '') {
    const message = `base name (${stage.base.text}) should not be blank`;
    throw new SlipwayError('DOCKERFILE_INVALID', message, {
      hint: 'Give the ARG a default before FROM, or pass --build-arg.',
    });
  }
  const earlier = baseStage(stages, expanded, stage.index);
  if (earlier !== undefined) return { kind: 'stage', index: earlier.index };
  if (expanded === 'scratch') return { kind: 'scratch' };
  const meant = stageNamed(stages, expanded, stage.index)?.name;
  const hint = meant && `Write ${meant}: FROM finds stages by their names in lower case only.`;
  return { kind: 'image', reference: imageReference(expanded, hint) };
}

/** A reference in BuildKit's words when it is none. @throws REFERENCE_INVALID */
export function imageReference(text: string, hint?: string): Reference {
  try {
    return withDefaultTag(parseReference(text));
  } catch (cause) {
    if (!isSlipwayError(cause)) throw cause;
    const better = hint ?? cause.hint;
    throw new SlipwayError(
      cause.code,
      `failed to parse stage name ${JSON.stringify(text)}: ${cause.message}`,
      { cause, ...(better === undefined ? {} : { hint: better }) },
    );
  }
}

/** What `FROM --platform` names. @throws DOCKERFILE_INVALID, PLATFORM_INVALID */
export function readPlatform(
  flag: { readonly written: string; readonly expanded: string },
  host: Platform,
): Platform {
  const { written, expanded } = flag;
  if (expanded === '') {
    const message = `empty platform value from expression ${written}`;
    throw new SlipwayError('DOCKERFILE_INVALID', message, {
      hint: 'Give the ARG a default before FROM, or pass --build-arg.',
    });
  }
  try {
    return parsePlatform(expanded, host);
  } catch (cause) {
    if (!isSlipwayError(cause)) throw cause;
    throw new SlipwayError(cause.code, `failed to parse platform ${written}: ${cause.message}`, {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    });
  }
}
