/** RUN as a step: the command with its SHELL, what it depends on, and how it is shown. */
import { SlipwayError } from '#core/errors.ts';
import type { Heredoc, RunInstruction } from '#dockerfile/ast.ts';
import { proxyEnv } from '../args.ts';
import { runHistory } from '../history.ts';
import { layerStep } from '../layer-step.ts';
import { RUN_HOSTNAME, type RunRequest, runOp, SCRIPT_FOLDER } from '../ops/run.ts';
import type { StageContext } from '../stage.ts';
import { type StageState, shellOf, workdirOf } from '../state.ts';

/** @throws RUN_FAILED and what the runtime throws */
export function runStep(
  state: StageState,
  instruction: RunInstruction,
  context: StageContext,
): Promise<StageState> {
  refuseUnsupported(instruction);
  const { session, plan } = context;
  const command = commandFor(state, instruction);
  const network = networkOf(instruction);
  const operation = {
    kind: 'run',
    args: command.args,
    script: command.script?.content ?? null,
    env: [...state.env],
    workdir: workdirOf(state),
    user: state.config.User ?? '',
    network,
    hostname: RUN_HOSTNAME,
  };
  const request: RunRequest = {
    ...command,
    display: command.args.join(' '),
    env: new Map([...proxyEnv(plan.args), ...state.env]),
    workdir: operation.workdir,
    user: operation.user,
    network,
  };
  return layerStep(session, state, {
    name: `${context.label()}${instruction.source}`,
    createdBy: runHistory(state, command.args),
    operation,
    inputs: [],
    contentInputs: async () => [],
    execute: (vertex) => runOp(session, state, { request, vertex }),
  });
}

function commandFor(
  state: StageState,
  { command, heredocs }: RunInstruction,
): Pick<RunRequest, 'args' | 'script'> {
  if (command.form === 'exec') return { args: command.args.map(({ text }) => text) };
  const [heredoc] = heredocs;
  if (heredoc && heredocs.length === 1 && isOnlyHeredoc(command.text.text, heredoc))
    return heredocCommand(state, heredoc);
  const bodies = heredocs.map(({ content, name }) => `\n${content}${name}`).join('');
  return { args: [...shellOf(state), command.text.text + bodies] };
}

/** `RUN <<EOF` alone: the body is the program. */
function isOnlyHeredoc(text: string, { name }: Heredoc): boolean {
  return (
    text
      .trim()
      .replaceAll(/["']/g, '')
      .replace(/^\d*<<-?/, '') === name
  );
}

/** With an interpreter line the body is a file; else it is for the SHELL. */
function heredocCommand(
  state: StageState,
  { name, content }: Heredoc,
): Pick<RunRequest, 'args' | 'script'> {
  if (!content.startsWith('#!')) return { args: [...shellOf(state), content] };
  return { args: [...shellOf(state), `${SCRIPT_FOLDER}/${name}`], script: { name, content } };
}

function networkOf({ network }: RunInstruction): 'host' | 'none' {
  if (!network || network.text === 'default' || network.text === 'host') return 'host';
  if (network.text === 'none') return 'none';
  throw new SlipwayError('DOCKERFILE_INVALID', `unsupported network mode "${network.text}"`, {
    hint: 'use --network=default, host or none',
  });
}

/** Accepted by the language, not by this version: said, never skipped. */
function refuseUnsupported({ mounts, security, device }: RunInstruction): void {
  const [mount] = mounts;
  const flag = mount
    ? `--mount=${mount.text}`
    : security && security.text !== 'sandbox'
      ? `--security=${security.text}`
      : undefined;
  const [first] = device;
  const name = flag ?? (first ? `--device=${first.text}` : undefined);
  if (name === undefined) return;
  throw new SlipwayError('SPEC_UNSUPPORTED', `RUN ${name} is not supported yet`, {
    hint: 'this version builds RUN without mounts, devices and extended privileges; remove the flag',
  });
}
