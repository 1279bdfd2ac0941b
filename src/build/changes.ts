/**
 * `--change` of import: Dockerfile instructions for the config of an image that no Dockerfile made. The
 * same parser and the same instructions as a build's, limited to docker's list.
 */

import { SlipwayError } from '#core/errors.ts';
import type { ContainerConfig } from '#core/image-config.ts';
import type { Directives, Instruction } from '#dockerfile/ast.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { refuseInvalid } from './diagnostics.ts';
import { expander } from './expand.ts';
import { applyMetadata } from './instructions/apply-metadata.ts';
import { workdirAfter } from './instructions/workdir-step.ts';
import { type StageState, scratchState } from './state.ts';

const KINDS = [
  ...['cmd', 'entrypoint', 'env', 'expose', 'healthcheck', 'label', 'onbuild', 'stopsignal'],
  ...['user', 'volume', 'workdir'],
] as const;

/** Without the PATH and WORKDIR of a build's scratch: an imported image has what it is told. */
const EMPTY_STATE: StageState = { ...scratchState(), config: {}, env: new Map() };

/** The config that the changes make, in order. @throws DOCKERFILE_INVALID in docker's words */
export function configOfChanges(changes: readonly string[]): ContainerConfig {
  if (changes.length === 0) return {};
  for (const change of changes) refuseOther(change);
  const dockerfile = parseDockerfile(
    { name: '--change', text: `${changes.join('\n')}\n` },
    { fragment: true },
  );
  refuseInvalid(dockerfile);
  return dockerfile.instructions.reduce((state, instruction) => {
    return applyChange(state, instruction, dockerfile.directives.escape);
  }, EMPTY_STATE).config;
}

function applyChange(
  state: StageState,
  instruction: Instruction,
  escapeCharacter: Directives['escape'],
): StageState {
  switch (instruction.kind) {
    case 'from':
    case 'arg':
    case 'run':
    case 'copy':
    case 'add':
    case 'maintainer':
    case 'shell':
      // A second line of one change.
      throw notAChange(instruction.keyword.text);
    case 'workdir': {
      const WorkingDir = workdirAfter(
        state,
        expander(state.env, escapeCharacter)(instruction.path),
      );
      return { ...state, config: { ...state.config, WorkingDir } };
    }
    default:
      return applyMetadata(state, instruction, escapeCharacter);
  }
}

/** What begins with another word, before the parser complains of the word itself. */
function refuseOther(change: string): void {
  const [word = ''] = change.trim().split(/\s/, 1);
  if (word === '' || word.startsWith('#')) {
    throw new SlipwayError('DOCKERFILE_INVALID', 'file with no instructions', {
      hint: `write an instruction such as --change 'CMD ["/bin/sh"]'`,
    });
  }
  if (!KINDS.some((kind) => kind === word.toLowerCase())) throw notAChange(word);
}

function notAChange(word: string): SlipwayError {
  return new SlipwayError('DOCKERFILE_INVALID', `${word} is not a valid change command`, {
    hint: `a change is one of ${KINDS.map((kind) => kind.toUpperCase()).join(', ')}; files are changed by a build FROM the image`,
    detail: { word },
  });
}
