/** `slipway build` over the engine's resources: names checked first, then one build under one lease. */
import { build } from '#build/build.ts';
import type { BuildSession } from '#build/session.ts';
import { Vertices } from '#build/vertex.ts';
import { SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import { hostPlatform } from '#core/platform.ts';
import { parseReference, type Reference, withDefaultTag } from '#core/reference.ts';
import type { BuildOptions, BuildResult } from '#engine.ts';
import { resolveBase } from './base-image.ts';
import type { Resources } from './resources.ts';

export async function buildImage(
  resources: Resources,
  options: BuildOptions,
): Promise<BuildResult> {
  const names = options.tags.map(parseTag);
  const events = options.events ?? ignoreEvents;
  const store = await resources.store();
  await using lease = await store.lease({ purpose: `build ${options.context}` });
  await using runtime = await resources.runtime();
  const session: BuildSession = {
    store,
    lease,
    runtime,
    helper: resources.helper,
    snapshotter: () => resources.snapshotter(events),
    resolveBase: (reference, signal) =>
      resolveBase(resources, reference, { events, signal, lease }),
    vertices: new Vertices(events, () => performance.now()),
    signal: options.signal ?? new AbortController().signal,
    now: () => new Date(),
    platform: hostPlatform(process.arch),
    noCache: options.noCache ?? false,
    inFlight: new Map(),
    steps: { run: 0, cached: 0 },
    ...(options.sourceDateEpoch === undefined ? {} : { sourceDateEpoch: options.sourceDateEpoch }),
  };
  const built = await build(session, {
    context: options.context,
    names,
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    ...(options.dockerfile === undefined ? {} : { dockerfile: options.dockerfile }),
    ...(options.target === undefined ? {} : { target: options.target }),
  });
  return { ...built, names, steps: session.steps };
}

/** @throws REFERENCE_INVALID; a digest cannot be chosen */
function parseTag(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest === undefined) return withDefaultTag(reference);
  throw new SlipwayError(
    'REFERENCE_INVALID',
    `invalid tag "${text}": a digest cannot be given to a new image`,
    {
      hint: 'name the image name:tag',
    },
  );
}
