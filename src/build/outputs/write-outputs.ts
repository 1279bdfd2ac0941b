/**
 * The finished stages become an image, and the image goes where it was wanted: every output of the
 * build in turn, each a step of the log.
 */
import { unreachable } from '#core/assert.ts';
import type { BuildOutput } from '#core/build-output.ts';
import type { ImageConfig } from '#core/image-config.ts';
import type { BuiltTarget } from '../build-stages.ts';
import { guardConfig } from '../mounts/leak-guard.ts';
import { type BuildSession, timestamp } from '../session.ts';
import type { BuiltImage, OutputContext, OutputRequest } from './output.ts';
import { type ImagePart, prepareImage } from './prepare-image.ts';
import { writeStoreOutput } from './store-output.ts';

/** @throws FILE_UNUSABLE, FILE_MISSING, DISK_FULL, PERMISSION, and what a registry's client throws */
export async function writeOutputs(
  session: BuildSession,
  targets: readonly BuiltTarget[],
  request: OutputRequest & {
    /** The image carries its cache. */
    readonly isInline: boolean;
  },
): Promise<BuiltImage> {
  const inline = request.isInline ? await import('../cache-transport/export.ts') : undefined;
  const parts = targets.map((target): ImagePart => {
    const { state, platform } = target;
    const config = imageConfig(session, target, request.labels);
    guardConfig(config, session.secrets.all());
    return {
      platform,
      config,
      layers: state.layers.map(({ descriptor }) => descriptor),
      annotations: inline?.inlineCache(session, state) ?? {},
    };
  });
  const context: OutputContext = {
    names: request.names,
    targets,
    make: (format, usual) =>
      prepareImage(session, parts, { ...request, format, form: format.compression ?? usual }),
  };
  let built: BuiltImage | undefined;
  for (const output of request.outputs) {
    built = (await writeOutput(session, output, context)) ?? built;
  }
  return built ?? (await context.make({ docker: false }, { codec: 'none' }));
}

/** What the image is where the output is one. */
async function writeOutput(
  session: BuildSession,
  output: BuildOutput,
  context: OutputContext,
): Promise<BuiltImage | undefined> {
  switch (output.kind) {
    case 'image':
      return await writeStoreOutput(session, output, context);
    case 'archive': {
      const { writeArchiveOutput } = await import('./archive-output.ts');
      return await writeArchiveOutput(session, output, context);
    }
    case 'layout': {
      const { writeLayoutOutput } = await import('./archive-output.ts');
      return await writeLayoutOutput(session, output, context);
    }
    case 'tar': {
      const { writeTarOutput } = await import('./files-output.ts');
      await writeTarOutput(session, output, context);
      return undefined;
    }
    case 'local': {
      const { writeFilesOutput } = await import('./files-output.ts');
      await writeFilesOutput(session, output, context);
      return undefined;
    }
    default:
      return unreachable(output);
  }
}

function imageConfig(
  session: BuildSession,
  { state, runsOn: { os, architecture, variant } }: BuiltTarget,
  labels: OutputRequest['labels'],
): ImageConfig {
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
