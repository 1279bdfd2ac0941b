/**
 * The finished stage becomes an image, and the image goes where it was wanted: every output of the
 * build in turn, each a step of the log.
 */
import { unreachable } from '#core/assert.ts';
import type { BuildOutput } from '#core/build-output.ts';
import type { ImageConfig } from '#core/image-config.ts';
import { descriptorOf } from '#core/manifest.ts';
import type { Reference } from '#core/reference.ts';
import { writeUnnamed } from '#image/write-image.ts';
import { guardConfig } from '../mounts/leak-guard.ts';
import { type BuildSession, timestamp } from '../session.ts';
import type { StageState } from '../state.ts';
import { writeArchiveOutput, writeLayoutOutput } from './archive-output.ts';
import { writeFilesOutput, writeTarOutput } from './files-output.ts';
import type { BuiltImage, OutputContext } from './output.ts';
import { writeStoreOutput } from './store-output.ts';

export interface OutputRequest {
  readonly outputs: readonly BuildOutput[];
  /** The build's tags. */
  readonly names: readonly Reference[];
  /** Over those of the Dockerfile. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** @throws FILE_UNUSABLE, FILE_MISSING, DISK_FULL, PERMISSION, and what a registry's client throws */
export async function writeOutputs(
  session: BuildSession,
  state: StageState,
  request: OutputRequest,
): Promise<BuiltImage> {
  const config = imageConfig(session, state, request.labels);
  guardConfig(config, session.secrets.all());
  const context: OutputContext = {
    names: request.names,
    make: (docker) =>
      writeUnnamed({
        ...session,
        config,
        layers: state.layers.map(({ descriptor }) => descriptor),
        annotations: request.annotations,
        docker,
      }),
  };
  let built: BuiltImage | undefined;
  for (const output of request.outputs) {
    built = (await writeOutput(session, output, { state, context })) ?? built;
  }
  if (built) return built;
  const { imageId, manifest } = await context.make(false);
  return { imageId, manifest: descriptorOf(manifest) };
}

/** What the image is where the output is one. */
async function writeOutput(
  session: BuildSession,
  output: BuildOutput,
  { state, context }: { readonly state: StageState; readonly context: OutputContext },
): Promise<BuiltImage | undefined> {
  switch (output.kind) {
    case 'image':
      return await writeStoreOutput(session, output, context);
    case 'archive':
      return await writeArchiveOutput(session, output, context);
    case 'layout':
      return await writeLayoutOutput(session, output, context);
    case 'tar':
      await writeTarOutput(session, output, state);
      return undefined;
    case 'local':
      await writeFilesOutput(session, output, state);
      return undefined;
    default:
      return unreachable(output);
  }
}

function imageConfig(
  session: BuildSession,
  state: StageState,
  labels: OutputRequest['labels'],
): ImageConfig {
  const { os, architecture, variant } = session.platform;
  const hasLabels = Object.keys(labels).length > 0;
  return {
    created: state.created ?? timestamp(session),
    ...(state.author ? { author: state.author } : {}),
    architecture,
    os,
    ...(variant ? { variant } : {}),
    config: hasLabels
      ? { ...state.config, Labels: { ...state.config.Labels, ...labels } }
      : state.config,
    rootfs: { type: 'layers', diff_ids: state.layers.map(({ diffId }) => diffId) },
    history: state.history,
  };
}
