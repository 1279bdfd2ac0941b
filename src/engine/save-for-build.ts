/** `save --for-build`: the images a Dockerfile needs, in the store or pulled, held for the save. */
import { lockBeside } from '#build/contexts/lock-place.ts';
import { refuseInvalid } from '#build/diagnostics.ts';
import { readDockerfile } from '#build/dockerfile-file.ts';
import { Lock } from '#build/lock/lock.ts';
import { decodeLock } from '#build/lock/lock-document.ts';
import { downloadsOf, neededImages } from '#build/needed-images.ts';
import { parseFile } from '#build/parse-dockerfile.ts';
import { planBuild } from '#build/plan.ts';
import type { Digest } from '#core/digest.ts';
import { ignoreEvents } from '#core/events.ts';
import { formatPlatform, hostPlatform, type Platform } from '#core/platform.ts';
import { familiarReference, formatReference, type Reference } from '#core/reference.ts';
import type { CallContext, ForBuild } from '#engine.ts';
import { byName } from '#image/resolve.ts';
import type { Lease } from '#store/leases.ts';
import { resolveBase } from './base-image.ts';
import type { Resources } from './resources.ts';

export interface ForBuildOptions extends CallContext {
  readonly platform?: Platform;
  /** Holds the images until they are saved. */
  readonly lease: Lease;
}

/**
 * Their names, as they are to be saved.
 * @throws DOCKERFILE_MISSING, DOCKERFILE_INVALID, TARGET_UNKNOWN, BASE_UNKNOWN
 */
export async function imagesForBuild(
  resources: Resources,
  { dockerfile: path, target, buildArgs = {} }: ForBuild,
  { platform = hostPlatform(process.arch), events = ignoreEvents, lease, signal }: ForBuildOptions,
): Promise<readonly string[]> {
  const dockerfile = await parseFile(await readDockerfile(path));
  refuseInvalid(dockerfile);
  const plan = planBuild(dockerfile, {
    buildArgs: new Map(Object.entries(buildArgs)),
    platform,
    buildPlatform: hostPlatform(process.arch),
    ...(target === undefined ? {} : { target }),
  });
  const call = { lease, events, signal: signal ?? new AbortController().signal };
  const warn = (text: string): void => events({ kind: 'note', level: 'warning', text });
  const lock = await lockOf(path);
  const names = new Map<string, Reference>();
  const needed = await neededImages(plan, async (reference, wanted) => {
    const locked = pinned(reference, lock?.image(reference, wanted));
    const { config, imageId } = await resolveBase(resources, locked, {
      ...call,
      platform: wanted,
    });
    const options = { store: await resources.store(), lease, platform: wanted };
    // The tag goes along where it means the same still.
    if ((await byName(reference, options))?.imageId !== imageId) {
      names.set(formatReference(reference), locked);
    }
    if (formatPlatform(wanted) !== formatPlatform(platform)) warn(foreign(reference, wanted));
    return config.config.OnBuild;
  });
  for (const source of downloadsOf(plan))
    warn(`ADD downloads ${source}, which is not in the archive`);
  return needed.map((reference) =>
    familiarReference(names.get(formatReference(reference)) ?? reference),
  );
}

/** What the Dockerfile's images are, if that is written down. @throws LOCK_INVALID */
async function lockOf(dockerfile: string): Promise<Lock | undefined> {
  const place = lockBeside(dockerfile);
  const text = await place.read();
  if (text === undefined) return undefined;
  const rules = { mode: 'heed', renew: false, keepUnused: true } as const;
  return new Lock(place.name, decodeLock(text, place.name), rules);
}

function pinned(reference: Reference, digest: Digest | undefined): Reference {
  return digest === undefined || reference.digest !== undefined
    ? reference
    : { ...reference, digest };
}

/** An archive has one image of a name for the platform that is saved, or all there are. */
function foreign(reference: Reference, wanted: Platform): string {
  return `the build needs ${familiarReference(reference)} for ${formatPlatform(wanted)}: save without --platform, so that all platforms go along`;
}
