/** RUN as a step: the command with its SHELL, what it depends on, and how it is shown. */
import { posix } from 'node:path';
import type { ContainerNetwork, NetworkMode } from '#core/container-network.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import type { Heredoc, Operand, RunInstruction } from '#dockerfile/ast.ts';
import { requireRunnable } from '#runtime/foreign-platform.ts';
import { proxyEnv, sandboxHostname } from '../args.ts';
import { requireAllowedRun } from '../entitlements.ts';
import { FileFacts } from '../file-facts.ts';
import { runHistory } from '../history.ts';
import { layerStep } from '../layer-step.ts';
import {
  mountsContent,
  mountsDefinition,
  mountsOperation,
  requestedMounts,
} from '../mounts/requested.ts';
import { volumesOperation } from '../mounts/volumes.ts';
import { wantedCaches } from '../mounts/wanted-caches.ts';
import { RUN_HOSTNAME, type RunRequest, runOp, SCRIPT_FOLDER } from '../ops/run.ts';
import type { BuildSession } from '../session.ts';
import type { StageContext } from '../stage.ts';
import { type StageState, shellOf, workdirOf } from '../state.ts';
import { stepName } from '../step-name.ts';

/** @throws RUN_FAILED and what the runtime throws */
export async function runStep(
  state: StageState,
  instruction: RunInstruction,
  context: StageContext,
): Promise<StageState> {
  refuseUnsupported(instruction);
  requireAllowedRun(instruction, context.session.allowed);
  const label = context.label(state.env);
  const { session, plan, stage } = context;
  const mounts = await requestedMounts(state, instruction, context);
  const hostname = sandboxHostname(plan.args) ?? RUN_HOSTNAME;
  const { namedMounts, signal } = session;
  for (const { id, sharing } of namedMounts ? await wantedCaches(mounts, signal) : []) {
    namedMounts?.set(id, sharing);
  }
  const command = commandFor(state, instruction);
  const isPrivileged = instruction.security?.text === 'insecure';
  const network = networkOf(instruction, session.network?.mode);
  const operation = {
    kind: 'run',
    args: command.args,
    script: command.script?.content ?? null,
    env: [...state.env],
    workdir: posix.resolve(workdirOf(state)),
    user: state.config.User ?? '',
    network,
    hostname,
    ...(isPrivileged ? { security: 'insecure' } : {}),
    ...hostsOperation(session.network),
    ...platformOperation(stage.platform, session.buildPlatform),
    ...volumesOperation(session.volumes),
    ...(mounts.length > 0 ? { mounts: mountsOperation(mounts) } : {}),
  };
  const request: RunRequest = {
    ...command,
    createdBy: runHistory(state, command.args),
    display: JSON.stringify(command.args.join(' ')).slice(1, -1),
    env: new Map([...proxyEnv(plan.args), ...state.env]),
    workdir: operation.workdir,
    user: operation.user,
    hostname,
    network,
    isPrivileged,
    mounts,
  };
  const files = new FileFacts();
  return await layerStep(session, state, {
    label,
    files,
    name: `${stepName(instruction.source, state, context.dockerfile)}${bodySummary(instruction)}`,
    createdBy: request.createdBy,
    operation,
    inputs: await mountsDefinition(mounts, files),
    contentInputs: () => mountsContent(mounts, files),
    execute: (vertex) =>
      runOp(session, state, { request, vertex }).catch(async (error: unknown) => {
        if (isSlipwayError(error, 'RUN_FAILED')) await refuseForeign(stage.platform, session);
        throw error;
      }),
  });
}

function commandFor(
  state: StageState,
  { command, heredocs }: RunInstruction,
): Pick<RunRequest, 'args' | 'script'> {
  if (command.form === 'exec') return { args: execArgs(command.args) };
  const program = onlyHeredoc(command.text.text, heredocs);
  if (program) return heredocCommand(state, program);
  const bodies = heredocs.map(({ content, name }) => `\n${content}${name}`).join('');
  return { args: [...shellOf(state), command.text.text + bodies] };
}

function execArgs(args: readonly Operand[]): readonly string[] {
  if (args.length === 0) {
    throw new SlipwayError('DOCKERFILE_INVALID', 'arguments are required', {
      hint: 'name a command in RUN [], or remove the instruction',
    });
  }
  return args.map(({ text }) => text);
}

/** `RUN <<EOF` alone: the body is the program. */
function onlyHeredoc(text: string, heredocs: readonly Heredoc[]): Heredoc | undefined {
  const [heredoc] = heredocs;
  const word = text
    .trim()
    .replaceAll(/["']/g, '')
    .replace(/^\d*<<-?/, '');
  return heredocs.length === 1 && word === heredoc?.name ? heredoc : undefined;
}

/** ` (first line...)` of a body that is the program: `<<EOF` alone tells nothing in a log. */
function bodySummary({ command, heredocs }: RunInstruction): string {
  const program = command.form === 'shell' ? onlyHeredoc(command.text.text, heredocs) : undefined;
  if (!program) return '';
  const [first = '', ...more] = program.content.trim().split('\n');
  return ` (${first.trimEnd()}${more.length > 0 ? '...' : ''})`;
}

/** With an interpreter line the body is a file; else it is for the SHELL. */
function heredocCommand(
  state: StageState,
  { name, content }: Heredoc,
): Pick<RunRequest, 'args' | 'script'> {
  if (!content.startsWith('#!')) return { args: [...shellOf(state), content] };
  return { args: [...shellOf(state), `${SCRIPT_FOLDER}/${name}`], script: { name, content } };
}

/** Other hosts make another step; name servers do not, as in docker. */
function hostsOperation(network: ContainerNetwork | undefined): {
  readonly extraHosts?: readonly string[];
} {
  const hosts = network?.extraHosts ?? [];
  return hosts.length === 0
    ? {}
    : { extraHosts: hosts.map(({ name, address }) => `${address} ${name}`) };
}

/** Asked once a command failed: what a foreign image runs may be a program of this machine. */
async function refuseForeign(platform: Platform, session: BuildSession): Promise<void> {
  await requireRunnable(platform, {
    host: session.buildPlatform,
    temporary: () => session.store.paths.temporary('ingest'),
  });
}

/** Commands of another platform find themselves on another machine. */
function platformOperation(
  platform: Platform,
  buildPlatform: Platform,
): { readonly platform?: string } {
  return platform.architecture === buildPlatform.architecture && platform.os === buildPlatform.os
    ? {}
    : { platform: formatPlatform(platform) };
}

/** `default` is what the build was told, the host's unless it was told otherwise. */
function networkOf(
  { network }: RunInstruction,
  ofTheBuild: NetworkMode | undefined = 'host',
): NetworkMode {
  if (!network || network.text === 'default') return ofTheBuild;
  if (network.text === 'host') return 'host';
  if (network.text === 'none') return 'none';
  throw new SlipwayError('DOCKERFILE_INVALID', `unsupported network mode "${network.text}"`, {
    hint: 'use --network=default, host or none',
  });
}

/** Accepted by the language, not by this version: said, never skipped. */
function refuseUnsupported({ device: [first] }: RunInstruction): void {
  if (first === undefined) return;
  throw new SlipwayError('SPEC_UNSUPPORTED', `RUN --device=${first.text} is not supported yet`, {
    hint: 'this version builds RUN without devices; remove the flag',
  });
}
