/**
 * The finished stages become an image, and the image goes where it was wanted: every output of the
 * build in turn, each a step of the log.
 */
import { unreachable } from '#core/assert.ts';
import type { BuildOutput } from '#core/build-output.ts';
import { digestOf } from '#core/digest.ts';
import { encodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { GZIP } from '#core/layer-form.ts';
import type { Attester } from '../attest/attester.ts';
import type { BuiltTarget } from '../build-stages.ts';
import { guardConfig } from '../mounts/leak-guard.ts';
import type { BuildSession } from '../session.ts';
import { imageConfig } from './image-config.ts';
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
    readonly attester?: Attester;
  },
): Promise<BuiltImage> {
  const inline = request.isInline ? await import('../cache-transport/export.ts') : undefined;
  const finished = await finish(session, targets, request);
  const parts = finished.map(({ target: { state, platform }, config }): ImagePart => {
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
    targets: finished.map(({ target }) => target),
    attest: async ({ manifests }, names) =>
      (await request.attester?.(context.targets, manifests, names)) ?? [],
    // What statements are about must not get another digest on its way.
    make: (format, usual) =>
      prepareImage(session, parts, {
        ...request,
        format,
        form: format.compression ?? (request.attester ? GZIP : usual),
      }),
  };
  let built: BuiltImage | undefined;
  for (const output of request.outputs) {
    built = (await writeOutput(session, output, context)) ?? built;
  }
  return built ?? (await context.make({ docker: false }, { codec: 'none' }));
}

interface FinishedTarget {
  readonly target: BuiltTarget;
  readonly config: ImageConfig;
}

/** The targets as they leave the build: with the times that were asked for, and squashed. */
async function finish(
  session: BuildSession,
  targets: readonly BuiltTarget[],
  request: OutputRequest,
): Promise<readonly FinishedTarget[]> {
  const finished: FinishedTarget[] = [];
  const times =
    session.sourceDateEpoch === undefined ? undefined : await import('../clamp-times.ts');
  for (const one of targets) {
    let target = times ? { ...one, state: await times.clampTimes(session, one.state) } : one;
    let config = imageConfig(session, target, request);
    if (request.squash) {
      const { squash } = await import('../squash.ts');
      const imageId = digestOf(encodeImageConfig(config));
      target = { ...target, state: await squash(session, target.state, imageId) };
      config = imageConfig(session, target, request);
    }
    finished.push({ target, config });
  }
  return finished;
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
