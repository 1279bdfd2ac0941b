/**
 * Registries without the referrers API: who sends a manifest with a subject adds it to the index under
 * the tag `sha256-<hex>` of the subject (distribution-spec §Pushing Manifests with Subject). Two who do
 * so at once would each write a list without the other: the write has a condition, where the registry
 * knows them, and is looked for afterwards, where it does not.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import {
  decodeManifest,
  descriptorOf,
  encodeIndex,
  type ImageIndex,
  referrerDescriptor,
} from '#core/manifest.ts';
import type { CallOptions, RawManifest } from '#core/repository.ts';
import type { Connection } from './connection.ts';
import { type Revision, readRevision, replaceTag } from './manifests.ts';

/** With a hundred who attach to one image at the same moment, each is through long before. */
const ROUNDS_MAX = 100;
const PAUSE_MS_MAX = 1000;

/** Nothing for a manifest without a subject. @throws MANIFEST_INVALID: the tag is something else */
export async function listByTag(
  connection: Connection,
  raw: RawManifest,
  options: CallOptions,
): Promise<void> {
  const manifest = decodeManifest(raw);
  if (!manifest.subject) return;
  const tag = tagOf(manifest.subject.digest);
  const added = referrerDescriptor(descriptorOf(raw), manifest);
  const { now, random, sleep } = connection.retry;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const startMs = now();
    const before = await listUnder(connection, tag, options);
    if (before?.index.manifests.some(({ digest }) => digest === raw.digest)) return;
    const { manifests = [], annotations = {} } = before?.index ?? {};
    const kept = Object.keys(annotations).length > 0 ? { annotations } : {};
    const index = encodeIndex([...manifests, added], kept);
    const isTaken = await replaceTag(connection, index, { ...options, tag, before });
    // Who read the list before ours was there writes his in about the time that we took.
    const tookMs = Math.min(now() - startMs, PAUSE_MS_MAX);
    await sleep(isTaken ? tookMs : random() * (tookMs + 1), connection.signal(options.signal));
  }
  throw new SlipwayError(
    'REGISTRY_REFUSED',
    `the list of what refers to ${manifest.subject.digest} is written again and again by others`,
    { hint: 'try again; a registry with the referrers API needs no such list' },
  );
}

/** What the index under the tag lists; empty where there is none. @throws MANIFEST_INVALID */
export async function referrersByTag(
  connection: Connection,
  subject: Digest,
  options: CallOptions,
): Promise<readonly Descriptor[]> {
  return (await listUnder(connection, tagOf(subject), options))?.index.manifests ?? [];
}

/** Of a digest with any algorithm, cut to what a tag may have. */
function tagOf(subject: Digest): string {
  return subject.replace(':', '-').slice(0, 128);
}

async function listUnder(
  connection: Connection,
  tag: string,
  options: CallOptions,
): Promise<(Revision & { readonly index: ImageIndex }) | undefined> {
  try {
    const revision = await readRevision(connection, tag, options);
    const index = decodeManifest(revision.raw);
    if (index.kind === 'index') return { ...revision, index };
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
  throw new SlipwayError('MANIFEST_INVALID', `manifest invalid: the tag ${tag} is no index`, {
    hint: 'it should list what refers to an image; remove the tag from the registry',
  });
}
