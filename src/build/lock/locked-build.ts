/** How a build comes to its lock, keeps to it where images are looked up, and leaves it behind. */
import { rm } from 'node:fs/promises';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { writeInPlace } from '#store/durable-file.ts';
import type { LockPlace } from '../contexts/lock-place.ts';
import type { BuildSession } from '../session.ts';
import { Lock, type LockRules } from './lock.ts';
import { decodeLock, encodeLock } from './lock-document.ts';

export interface LockRequest {
  /** Absent: keep to the lock that is there, if there is one. */
  readonly lock?: 'write' | 'frozen';
  /** Newer images are asked for. */
  readonly renew: boolean;
  readonly target?: string;
}

/** Undefined: the build has nothing to do with locks. @throws LOCK_MISSING, LOCK_INVALID, USAGE */
export async function openLock(
  { vertices }: BuildSession,
  place: LockPlace | undefined,
  request: LockRequest,
): Promise<Lock | undefined> {
  const { lock } = request;
  if (lock !== undefined && (!place || (lock === 'write' && place.path === undefined))) {
    throw new SlipwayError('USAGE', `--${FLAGS[lock]} needs a Dockerfile in a folder`, {
      hint: 'its lock is kept beside it: name the file with -f, or clone the repository first',
    });
  }
  if (!place) return undefined;
  const text = await place.read();
  const rules: LockRules = {
    mode: lock ?? 'heed',
    renew: request.renew,
    keepUnused: request.target !== undefined,
  };
  if (text !== undefined) {
    return await vertices.run(
      `[internal] load ${place.name}`,
      async () => new Lock(place.name, decodeLock(text, place.name), rules),
    );
  }
  if (lock === undefined) return undefined;
  if (lock === 'write') return new Lock(place.name, undefined, rules);
  throw new SlipwayError(
    'LOCK_MISSING',
    `failed to read lock file: open ${place.name}: no such file or directory`,
    {
      hint: 'run "slipway build --lock" where the network may be used, and keep the file with the Dockerfile',
    },
  );
}

const FLAGS = { write: 'lock', frozen: 'frozen' } as const;

/** The same, images being those that are locked. */
export function lockedBases(
  resolveBase: BuildSession['resolveBase'],
  lock: Lock | undefined,
): BuildSession['resolveBase'] {
  if (!lock) return resolveBase;
  return async (reference, options) => {
    if (reference.digest !== undefined) return await resolveBase(reference, options);
    const { platform } = options;
    const digest = lock.image(reference, platform);
    const wanted = digest === undefined ? reference : { ...reference, digest };
    const image = await resolveBase(wanted, options).catch((error: unknown) => {
      throw digest === undefined ? error : ofLock(error, lock.name);
    });
    const used = digest ?? image.digest;
    if (used !== undefined) lock.usedImage(reference, platform, used);
    return image;
  };
}

function ofLock(error: unknown, name: string): unknown {
  if (!isSlipwayError(error, 'BASE_UNKNOWN') || isSlipwayError(error.cause, 'OFFLINE'))
    return error;
  return new SlipwayError(error.code, error.message, {
    hint: `the digest is of ${name}; "slipway build --lock --pull" locks what there is now`,
    cause: error.cause,
    detail: error.detail,
  });
}

/** After a build that came to its end: writes the lock, or says what is missing in it. */
export async function closeLock(
  { vertices }: BuildSession,
  lock: Lock | undefined,
  { place, request }: { readonly place: LockPlace | undefined; readonly request: LockRequest },
): Promise<void> {
  if (!lock || !place) return;
  const missing = lock.unlocked();
  if (request.lock === undefined && missing.length > 0) {
    const text = `${lock.name} does not lock ${missing.join(', ')}: "slipway build --lock" adds what is missing`;
    vertices.note('warning', text);
  }
  const { path } = place;
  if (request.lock !== 'write' || path === undefined) return;
  const text = encodeLock(lock.after());
  // The context may hold it: written again, it would be a change.
  if (text === (await place.read())) return;
  await vertices.run(`[internal] write ${lock.name}`, () => replaceFile(path, text));
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    await writeInPlace(temporary, path, Buffer.from(text));
  } finally {
    await rm(temporary, { force: true });
  }
}
