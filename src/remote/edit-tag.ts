/**
 * Changing what a tag points at, when others may do so at the same moment: read, change, write. The
 * write has a condition (RFC 9110 §13), where the registry knows them, and is looked for afterwards,
 * where it does not.
 */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { CallOptions, TagEdit } from '#core/repository.ts';
import type { Connection } from './connection.ts';
import { type Revision, readRevision, replaceTag } from './manifests.ts';

/** With a hundred who change one tag at the same moment, each is through long before. */
const ROUNDS_MAX = 100;
const PAUSE_MS_MAX = 1000;

/** @throws REGISTRY_REFUSED when others keep changing it */
export async function editTag(
  connection: Connection,
  tag: string,
  edit: TagEdit,
  options: CallOptions,
): Promise<void> {
  const { now, random, sleep } = connection.retry;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const startMs = now();
    const before = await readOrNothing(connection, tag, options);
    const changed = await edit(before?.raw);
    if (!changed) return;
    const isTaken = await replaceTag(connection, changed, { ...options, tag, before });
    // Who read the tag before we wrote it writes his in about the time that we took.
    const tookMs = Math.min(now() - startMs, PAUSE_MS_MAX);
    await sleep(isTaken ? tookMs : random() * (tookMs + 1), connection.signal(options.signal));
  }
  throw new SlipwayError(
    'REGISTRY_REFUSED',
    `the tag ${tag} is written again and again by others`,
    {
      hint: 'try again when they are done',
      detail: { tag },
    },
  );
}

async function readOrNothing(
  connection: Connection,
  tag: string,
  options: CallOptions,
): Promise<Revision | undefined> {
  try {
    return await readRevision(connection, tag, options);
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}
