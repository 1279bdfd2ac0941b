/** How a step is called in the log: its instruction with the variables that are set, as docker shows it. */
import { isSlipwayError } from '#core/errors.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { expandWord } from '#dockerfile/words.ts';
import type { StageState } from './state.ts';

/** Quotes and unset names stay; what is no word (shell code can hold anything) stays whole. */
export function stepName(source: string, state: StageState, dockerfile: Dockerfile): string {
  try {
    return expandWord(source, {
      env: state.env,
      escape: dockerfile.directives.escape,
      keepQuotes: true,
      keepUnset: true,
    });
  } catch (error) {
    if (isSlipwayError(error, 'DOCKERFILE_INVALID')) return source;
    throw error;
  }
}
