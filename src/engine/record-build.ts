/** The history around a build: a record from before its first step to its end, whatever that is. */
import { isRemoteContext } from '#build/git-url.ts';
import { buildName } from '#build/history/build-name.ts';
import { BuildRecorder } from '#build/history/recorder.ts';
import { type BuildOutput, STORE_OUTPUT } from '#core/build-output.ts';
import { firstError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import { formatPlatform, hostPlatform } from '#core/platform.ts';
import { formatReference } from '#core/reference.ts';
import type { BuildOptions, BuildResult } from '#engine.ts';
import { displayUrl } from '#remote/errors.ts';
import type { BuildDocument } from '#store/build-document.ts';
import type { LocalStore } from '#store/local-store.ts';
import { eventOriginMs } from './event-clock.ts';

export async function recorded(
  store: LocalStore,
  options: BuildOptions,
  build: (recorder: BuildRecorder) => Promise<Omit<BuildResult, 'ref'>>,
): Promise<BuildResult> {
  const events = options.events ?? ignoreEvents;
  const recorder = new BuildRecorder({
    store,
    events,
    document: documentOf(options),
    now: Date.now,
    originMs: eventOriginMs(),
  });
  const { ref } = recorder;
  options.onRecord?.({ ref, logFile: store.paths.buildLog(ref) });
  let result: Omit<BuildResult, 'ref'>;
  try {
    result = await build(recorder);
  } catch (error) {
    keepRecordOf(recorder, error, events);
    throw error;
  }
  const { imageId, manifest, names } = result;
  recorder.succeeded({ imageId, manifest: manifest.digest, names: names.map(formatReference) });
  return { ...result, ref };
}

/** What the build failed of is what counts; a full disk, for one, keeps a record from being ended. */
function keepRecordOf(recorder: BuildRecorder, error: unknown, events: EventSink): void {
  try {
    recorder.failed(firstError(error));
  } catch (failure) {
    const text = failure instanceof Error ? failure.message : String(failure);
    events({
      kind: 'note',
      level: 'warning',
      text: `the record of this build is not ended: ${text}`,
    });
  }
}

function documentOf(options: BuildOptions): BuildDocument {
  const { context, dockerfile, target, buildArgs = {}, outputs = [STORE_OUTPUT] } = options;
  const { platforms = [hostPlatform(process.arch)] } = options;
  const shown = shownContext(context);
  return {
    name: buildName({
      context: shown,
      isFolder: context !== '-' && !isRemoteContext(context),
      ...(dockerfile === undefined ? {} : { dockerfile }),
      ...(target === undefined ? {} : { target }),
      ...(buildArgs.BUILDKIT_BUILD_NAME ? { given: buildArgs.BUILDKIT_BUILD_NAME } : {}),
    }),
    context: shown,
    platforms: platforms.map(formatPlatform),
    buildArgs: Object.keys(buildArgs),
    outputs: outputs.map(outputText),
    ...(target === undefined ? {} : { target }),
  };
}

/** Addresses may have passwords in them. */
function shownContext(context: string): string {
  return isRemoteContext(context) && URL.canParse(context) ? displayUrl(new URL(context)) : context;
}

function outputText(output: BuildOutput): string {
  const { kind } = output;
  if (kind === 'image') return output.push ? 'type=registry' : 'type=image';
  const { destination } = output;
  const type = kind === 'local' || kind === 'tar' ? kind : output.format.docker ? 'docker' : 'oci';
  return `type=${type},dest=${typeof destination === 'string' ? destination : '-'}`;
}
