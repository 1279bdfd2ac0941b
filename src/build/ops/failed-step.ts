/**
 * What is done for people when the command of a RUN failed, before its root is thrown away: a shell in
 * it, if they asked for one, and an image of it, for looking into it later. Neither changes that the
 * step failed.
 */
import { type ByteString, toByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ImageConfig } from '#core/image-config.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import type { RuntimeSpec } from '#core/runtime-spec.ts';
import { writeImage } from '#image/write-image.ts';
import { writeBundle } from '#runtime/bundle.ts';
import type { Snapshot } from '#snapshot/snapshotter.ts';
import { cleanParts, locate } from '../file-tree.ts';
import { withLayerHistory } from '../history.ts';
import { guardConfig, guardLayer } from '../mounts/leak-guard.ts';
import { type BuildSession, timestamp } from '../session.ts';
import { stageTree } from '../stage-tree.ts';
import { type StageState, shellOf } from '../state.ts';
import { commitUpper } from './commit.ts';

export interface FailedStep {
  readonly failure: SlipwayError;
  readonly state: StageState;
  /** For the image's history. */
  readonly createdBy: string;
  readonly args: readonly string[];
  readonly snapshot: Snapshot;
  readonly spec: RuntimeSpec;
}

/** The error to throw: it says in `detail.failedImage` what was kept. */
export async function afterFailure(session: BuildSession, step: FailedStep): Promise<SlipwayError> {
  const { failure } = step;
  if (session.signal.aborted) return failure;
  const shell = (): Promise<void> => openShell(session, step);
  await session.onFailure?.(failure, shell);
  if (!session.keepFailed || session.trial !== undefined) return failure;
  try {
    return withKept(failure, await keepRoot(session, step));
  } catch (error) {
    // What failed first is what counts.
    const text = error instanceof Error ? error.message : String(error);
    session.vertices.note('warning', `the root of the failed step is not kept: ${text}`);
    return failure;
  }
}

function withKept(failure: SlipwayError, failedImage: KeptRoot): SlipwayError {
  const { code, message, hint, cause, detail } = failure;
  return new SlipwayError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
    detail: { ...detail, failedImage },
  });
}

// ---- a shell ----------------------------------------------------------------------------------

const USUAL_SHELL = '/bin/sh';

/**
 * On this process's terminal, in the root as the step left it, with its mounts, variables, user, working
 * directory and network. Whatever it exits with, it has served its purpose. @throws what a runtime throws
 */
async function openShell(session: BuildSession, step: FailedStep): Promise<void> {
  const [own = USUAL_SHELL] = shellOf(step.state);
  for (const program of new Set([own, USUAL_SHELL])) {
    try {
      await runShell(session, step, program);
      return;
    } catch (error) {
      if (!isSlipwayError(error, 'COMMAND_NOT_FOUND', 'COMMAND_NOT_EXECUTABLE')) throw error;
    }
  }
  session.vertices.note('warning', `no shell: the root of the step has no ${own}`);
}

async function runShell(
  { runtime, signal }: BuildSession,
  { snapshot, spec }: FailedStep,
  program: string,
): Promise<void> {
  const { env } = spec.process;
  const hasTerm = env.some((item) => item.startsWith('TERM='));
  const own = { args: [program], terminal: true, env: hasTerm ? env : [...env, 'TERM=xterm'] };
  const shell = { ...spec, process: { ...spec.process, ...own } };
  writeBundle(snapshot.bundle, shell, await snapshot.again());
  await runtime.run({
    id: `shell-${crypto.randomUUID()}`,
    bundle: snapshot.bundle,
    stdio: { kind: 'inherit', hasInput: true, hasTerminal: true },
    signal,
  });
}

// ---- an image ---------------------------------------------------------------------------------

export interface KeptRoot {
  readonly imageId: string;
  /** A shell that is in it. */
  readonly shell?: string;
}

/** An image without a name, which goes with the record of the build. @throws SECRET_LEAKED, DISK_FULL */
async function keepRoot(session: BuildSession, step: FailedStep): Promise<KeptRoot> {
  const { store, lease, secrets } = session;
  const { snapshot, spec } = step;
  const upper = await snapshot.changes(spec.mounts.map(({ destination }) => destination));
  const written = await commitUpper(session, { upper, scratch: snapshot.bundle });
  const descriptor = {
    mediaType: OCI_LAYER,
    digest: written.diffId,
    size: written.size,
  };
  const layers = [...step.state.layers, { diffId: written.diffId, descriptor }];
  const files = store.layers.files(written.diffId, lease);
  if (files) guardLayer(files, secrets.all());
  const config = rootConfig(session, step, layers);
  guardConfig(config, secrets.all());
  const { imageId, manifest } = await writeImage({
    store,
    lease,
    config,
    layers: layers.map((layer) => layer.descriptor),
    names: [],
  });
  session.recorder.keepFailedRoot({ imageId, manifest: manifest.digest });
  const shell = await shellIn(session, step.state, layers);
  return { imageId, ...(shell === undefined ? {} : { shell }) };
}

/** Run as it is, it does the step again: the same command, variables (ARGs, too), user and folder. */
function rootConfig(
  session: BuildSession,
  { state, createdBy, args, failure }: FailedStep,
  layers: StageState['layers'],
): ImageConfig {
  const { os, architecture, variant } = session.buildPlatform;
  const { Entrypoint: _, Healthcheck: __, OnBuild: ___, ...config } = state.config;
  const created = timestamp(session);
  const { history } = withLayerHistory(state, createdBy, created);
  const last = history.at(-1);
  const comment = `failed: exit code ${String(failure.detail.exitCode)}`;
  return {
    created,
    architecture,
    os,
    ...(variant ? { variant } : {}),
    config: {
      ...config,
      Cmd: args,
      Env: [...state.env].map(([name, value]) => `${name}=${value}`),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...history.slice(0, -1), ...(last ? [{ ...last, comment }] : [])],
  };
}

async function shellIn(
  session: BuildSession,
  state: StageState,
  layers: StageState['layers'],
): Promise<string | undefined> {
  using tree = await stageTree(session, { layers });
  const [own = USUAL_SHELL] = shellOf(state);
  return [own, USUAL_SHELL].find((program) => {
    const path = cleanParts(toByteString(program)).join('/') as ByteString;
    return locate(tree, path, { followLast: true })?.node.kind === 'file';
  });
}
