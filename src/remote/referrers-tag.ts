/**
 * Registries without the referrers API: who sends a manifest with a subject adds it to the index under
 * the tag `sha256-<hex>` of the subject (distribution-spec §Pushing Manifests with Subject).
 */
import type { Descriptor } from '#core/descriptor.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { decodeManifest, descriptorOf, encodeIndex } from '#core/manifest.ts';
import type { CallOptions, RawManifest } from '#core/repository.ts';
import type { Connection } from './connection.ts';
import { readManifest, sendManifest } from './manifests.ts';

/** Nothing for a manifest without a subject. @throws MANIFEST_INVALID: the tag is something else */
export async function listByTag(
  connection: Connection,
  raw: RawManifest,
  options: CallOptions,
): Promise<void> {
  const manifest = decodeManifest(raw);
  if (!manifest.subject) return;
  const tag = manifest.subject.digest.replace(':', '-');
  const listed = await listedUnder(connection, tag, options);
  if (listed.some(({ digest }) => digest === raw.digest)) return;
  const artifactType =
    manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined);
  const { annotations } = manifest;
  const added: Descriptor = {
    ...descriptorOf(raw),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  await sendManifest(connection, encodeIndex([...listed, added]), { ...options, tag });
}

async function listedUnder(
  connection: Connection,
  tag: string,
  options: CallOptions,
): Promise<readonly Descriptor[]> {
  try {
    const index = decodeManifest(await readManifest(connection, tag, options));
    if (index.kind === 'index') return index.manifests;
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return [];
    throw error;
  }
  throw new SlipwayError('MANIFEST_INVALID', `manifest invalid: the tag ${tag} is no index`, {
    hint: 'it should list what refers to an image; remove the tag from the registry',
  });
}
