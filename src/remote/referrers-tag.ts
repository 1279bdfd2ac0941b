/**
 * Registries without the referrers API: who sends a manifest with a subject adds it to the index under
 * the tag `sha256-<hex>` of the subject (distribution-spec §Pushing Manifests with Subject), and takes
 * care that others who do so too lose nothing.
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
import { editTag } from './edit-tag.ts';
import { readManifest } from './manifests.ts';

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
  await editTag(
    connection,
    tag,
    async (before) => {
      const { manifests = [], annotations = {} } = before ? indexIn(before, tag) : {};
      if (manifests.some(({ digest }) => digest === raw.digest)) return undefined;
      const kept = Object.keys(annotations).length > 0 ? { annotations } : {};
      return encodeIndex([...manifests, added], kept);
    },
    options,
  );
}

/** What the index under the tag lists; empty where there is none. @throws MANIFEST_INVALID */
export async function referrersByTag(
  connection: Connection,
  subject: Digest,
  options: CallOptions,
): Promise<readonly Descriptor[]> {
  const tag = tagOf(subject);
  try {
    return indexIn(await readManifest(connection, tag, options), tag).manifests;
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return [];
    throw error;
  }
}

/** Of a digest with any algorithm, cut to what a tag may have. */
function tagOf(subject: Digest): string {
  return subject.replace(':', '-').slice(0, 128);
}

function indexIn(raw: RawManifest, tag: string): ImageIndex {
  const index = decodeManifest(raw);
  if (index.kind === 'index') return index;
  throw new SlipwayError('MANIFEST_INVALID', `manifest invalid: the tag ${tag} is no index`, {
    hint: 'it should list what refers to an image; remove the tag from the registry',
  });
}
