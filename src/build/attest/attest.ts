/**
 * `--provenance` and `--sbom`: statements about an image (in-toto Statement v1), kept as manifests whose
 * `subject` is the image. They are no part of it: its digest is the same with and without them.
 */
import {
  ATTESTATION_TYPE,
  type AttestRequest,
  EMPTY_CONFIG,
  EMPTY_CONFIG_TYPE,
  IN_TOTO_MEDIA_TYPE,
  PREDICATE_ANNOTATION,
  PROVENANCE_TYPE,
  SPDX_TYPE,
  STATEMENT_TYPE,
} from '#core/attestation.ts';
import { toByteString } from '#core/bytes.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, digestOf, encodedOf } from '#core/digest.ts';
import { descriptorOf, encodeArtifact } from '#core/manifest.ts';
import { formatPlatform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { findPackages } from '#image/sbom/find-packages.ts';
import { spdxDocument } from '#image/sbom/spdx.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import type { BuiltTarget } from '../build-stages.ts';
import { guardStatement } from '../mounts/leak-guard.ts';
import { type BuildSession, timestamp } from '../session.ts';
import { layerFilesOf } from '../stage-tree.ts';
import { imageUrl } from './materials.ts';

/** What is needed for the statements about one platform's image. */
export interface Attested {
  readonly target: BuiltTarget;
  /** The image's manifest. */
  readonly manifest: RawManifest;
  readonly names: readonly Reference[];
  /** The predicate; absent: none is wanted. */
  readonly provenance?: object;
}

/** The manifest about the image; its blobs are in the store. */
export async function attest(
  session: BuildSession,
  request: AttestRequest,
  attested: Attested,
): Promise<RawManifest> {
  const layers: Descriptor[] = [];
  const { provenance, manifest } = attested;
  if (request.sbom) {
    const predicate = await billOfMaterials(session, request, attested);
    layers.push(await statement(session, attested, { type: SPDX_TYPE, predicate }));
  }
  if (provenance) {
    const predicate = provenance;
    layers.push(await statement(session, attested, { type: PROVENANCE_TYPE, predicate }));
  }
  const config = await stored(session, EMPTY_CONFIG);
  return encodeArtifact({
    artifactType: ATTESTATION_TYPE,
    config: { mediaType: EMPTY_CONFIG_TYPE, ...config },
    layers,
    subject: descriptorOf(manifest),
  });
}

async function statement(
  session: BuildSession,
  { manifest, names, target }: Attested,
  { type, predicate }: { readonly type: string; readonly predicate: object },
): Promise<Descriptor> {
  const digest = { [algorithmOf(manifest.digest)]: encodedOf(manifest.digest) };
  const called = names.map((name) => imageUrl(name, target.platform));
  const text = JSON.stringify({
    _type: STATEMENT_TYPE,
    subject: (called.length > 0 ? called : ['_']).map((name) => ({ name, digest })),
    predicateType: type,
    predicate,
  });
  guardStatement(text, session.secrets.all());
  return {
    mediaType: IN_TOTO_MEDIA_TYPE,
    ...(await stored(session, text)),
    annotations: { [PREDICATE_ANNOTATION]: type },
  };
}

async function stored({ store, lease }: BuildSession, text: string) {
  const bytes = Buffer.from(text);
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  await using ingest = await store.blobs(lease).ingest(blob);
  await ingest.write(bytes);
  await ingest.commit(blob);
  return blob;
}

async function billOfMaterials(
  session: BuildSession,
  { tool }: AttestRequest,
  { target, manifest }: Attested,
): Promise<object> {
  const name = `sbom ${formatPlatform(target.platform)}`;
  return await session.vertices.run(`generating ${name}`, async (vertex) => {
    using tree = MergedTree.open(await layerFilesOf(session, target.state));
    const { packages, unread } = findPackages(tree);
    vertex.status(`${packages.length} packages`, { done: true });
    for (const path of unread) {
      session.vertices.note('warning', `${name}: the packages listed in /${path} cannot be read`);
    }
    const release = tree.readText(toByteString('etc/os-release')) ?? '';
    const distribution = /^ID="?([\w.-]+)"?$/m.exec(release)?.[1];
    return spdxDocument(packages, {
      name: manifest.digest,
      namespace: `urn:slipway:sbom:${manifest.digest}`,
      created: timestamp(session),
      tool,
      unread,
      ...(distribution === undefined ? {} : { distribution }),
    });
  });
}
