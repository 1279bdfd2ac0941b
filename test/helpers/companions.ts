/** Signatures and SBOMs as their tools write them, over images of our own. */
import { randomBytes } from 'node:crypto';
import { type Digest, digestOf } from '#core/digest.ts';
import { descriptorOf } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '#core/media-type.ts';
import type { RawManifest, Repository } from '#core/repository.ts';
import { putBlob, type SampleBlob, sampleBlob } from './images.ts';

export interface SampleCompanion {
  readonly manifest: RawManifest;
  readonly blobs: readonly SampleBlob[];
}

/** A manifest that names its subject, as oras attach and cosign 3 write it. */
export function sampleReferrer(subject: RawManifest, bytes = randomBytes(5000)): SampleCompanion {
  const config = sampleBlob(Buffer.from('{}'));
  const content = sampleBlob(bytes);
  const manifest = rawOf({
    artifactType: 'application/spdx+json',
    config: describe(config, 'application/vnd.oci.empty.v1+json'),
    layers: [describe(content, 'application/spdx+json')],
    subject: descriptorOf(subject),
    annotations: { 'org.opencontainers.image.created': '2026-01-02T03:04:05Z' },
  });
  return { manifest, blobs: [config, content] };
}

/** An image in form only, to be found by a tag: cosign before 3. */
export function sampleSignature(): SampleCompanion {
  const content = sampleBlob(randomBytes(200));
  const document = {
    architecture: '',
    os: '',
    config: {},
    history: [{ created: '0001-01-01T00:00:00Z' }],
    rootfs: { type: 'layers', diff_ids: [content.digest] },
  };
  const config = sampleBlob(Buffer.from(JSON.stringify(document)));
  const manifest = rawOf({
    config: describe(config, OCI_CONFIG),
    layers: [describe(content, 'application/vnd.dev.cosign.simplesigning.v1+json')],
  });
  return { manifest, blobs: [config, content] };
}

/** cosign's tag for an image. */
export function companionTag(subject: Digest, ending: string): string {
  return `${subject.replace(':', '-')}${ending}`;
}

export async function putCompanion(
  repository: Repository,
  { manifest, blobs }: SampleCompanion,
  tag?: string,
): Promise<void> {
  for (const blob of blobs) await putBlob(repository.blobs, blob);
  await repository.putManifest(manifest, tag === undefined ? {} : { tag });
}

function describe({ digest, bytes }: SampleBlob, mediaType: string) {
  return { mediaType, digest, size: bytes.byteLength };
}

function rawOf(fields: object): RawManifest {
  const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, ...fields };
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
}
