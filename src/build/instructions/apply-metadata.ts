/** The instructions that change only the image config, dispatched: for a stage and for `--change`. */
import { unreachable } from '#core/assert.ts';
import type { Directives, Instruction } from '#dockerfile/ast.ts';
import { expander } from '../expand.ts';
import type { StageState } from '../state.ts';
import { exposedPorts } from './expose.ts';
import {
  applyCmd,
  applyEntrypoint,
  applyEnv,
  applyExpose,
  applyHealthcheck,
  applyLabel,
  applyMaintainer,
  applyOnbuild,
  applyShell,
  applyStopsignal,
  applyUser,
  applyVolume,
} from './metadata.ts';

export type MetadataInstruction = Exclude<
  Instruction,
  { readonly kind: 'from' | 'arg' | 'run' | 'copy' | 'add' | 'workdir' }
>;

/** The state after it. @throws DOCKERFILE_INVALID */
export function applyMetadata(
  state: StageState,
  instruction: MetadataInstruction,
  escapeCharacter: Directives['escape'],
): StageState {
  const expand = expander(state.env, escapeCharacter);
  switch (instruction.kind) {
    case 'env':
      return applyEnv(state, instruction, expand);
    case 'label':
      return applyLabel(state, instruction, expand);
    case 'maintainer':
      return applyMaintainer(state, instruction);
    case 'cmd':
      return applyCmd(state, instruction);
    case 'entrypoint':
      return applyEntrypoint(state, instruction);
    case 'expose':
      return applyExpose(
        state,
        exposedPorts(instruction, { env: state.env, escape: escapeCharacter }),
      );
    case 'user':
      return applyUser(state, instruction, expand);
    case 'volume':
      return applyVolume(state, instruction, expand);
    case 'stopsignal':
      return applyStopsignal(state, instruction, expand);
    case 'shell':
      return applyShell(state, instruction);
    case 'onbuild':
      return applyOnbuild(state, instruction);
    case 'healthcheck':
      return applyHealthcheck(state, instruction);
    default:
      return unreachable(instruction);
  }
}
