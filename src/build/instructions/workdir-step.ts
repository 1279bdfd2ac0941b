/** WORKDIR as a step: the config keeps the text, the folder is made where it is missing. */
import { posix } from 'node:path';
import type { WorkdirInstruction } from '#dockerfile/ast.ts';
import { layerStep } from '../layer-step.ts';
import { workdirOp } from '../ops/workdir.ts';
import type { StageContext } from '../stage.ts';
import { type StageState, workdirOf } from '../state.ts';

/** `path`: expanded. A relative one stacks on the WORKDIR before. */
export function workdirStep(
  state: StageState,
  path: string,
  context: StageContext & { readonly instruction: WorkdirInstruction },
): Promise<StageState> {
  const WorkingDir = path.startsWith('/') ? path : posix.join('/', workdirOf(state), path);
  const next = { ...state, config: { ...state.config, WorkingDir } };
  return layerStep(context.session, next, {
    name: `${context.label()}${context.instruction.source}`,
    createdBy: `WORKDIR ${WorkingDir}`,
    operation: { kind: 'workdir', path: WorkingDir, user: state.config.User ?? '' },
    inputs: [],
    contentInputs: async () => [],
    execute: () => workdirOp(context.session, next, WorkingDir),
  });
}
