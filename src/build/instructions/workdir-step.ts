/** WORKDIR as a step: the config keeps the text, the folder is made where it is missing. */
import { posix } from 'node:path';
import { FileFacts } from '../file-facts.ts';
import { withMetadataHistory } from '../history.ts';
import { layerStep } from '../layer-step.ts';
import { workdirOp } from '../ops/workdir.ts';
import type { StageContext } from '../stage.ts';
import { type StageState, workdirOf } from '../state.ts';

/** The WORKDIR in force after `path`, expanded: a relative one stacks. */
export function workdirAfter(state: StageState, path: string): string {
  return path.startsWith('/') ? path : posix.resolve('/', workdirOf(state), path);
}

/** `path`: expanded. A relative one stacks on the WORKDIR before; the root needs no layer. */
export async function workdirStep(
  state: StageState,
  path: string,
  context: StageContext,
): Promise<StageState> {
  const WorkingDir = workdirAfter(state, path);
  const next = { ...state, config: { ...state.config, WorkingDir } };
  const createdBy = `WORKDIR ${WorkingDir}`;
  if (posix.resolve(WorkingDir) === '/') return withMetadataHistory(next, createdBy);
  return layerStep(context.session, next, {
    label: context.label(state.env),
    name: `WORKDIR ${path}`,
    files: new FileFacts(),
    createdBy,
    operation: { kind: 'workdir', path: WorkingDir, user: state.config.User ?? '' },
    inputs: [],
    contentInputs: async () => [],
    execute: () => workdirOp(context.session, next, WorkingDir),
  });
}
