/**
 * Where signatures of an image are, by cosign's two customs: under the tag `sha256-<hex>.sig`, and in
 * manifests that name the image as their subject. Each is a layer with a small document and, in an
 * annotation, the signature of its bytes.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { decodeManifest, type ImageManifest } from '#core/manifest.ts';
import type { CallOptions, RawManifest, ReferrerLister, Repository } from '#core/repository.ts';
import {
  SIGNATURE_ANNOTATION,
  SIGNATURES_TYPE,
  SIMPLE_SIGNING_TYPE,
} from '#core/simple-signing.ts';

export type SignedRepository = Repository & ReferrerLister;

export interface StoredSignature {
  /** Of the document, with all that is noted of the signature. */
  readonly layer: Descriptor;
  readonly signature: Buffer;
  /** What was signed. */
  readonly payload: Uint8Array;
}

/** A payload is a few hundred bytes, and nobody has that many signatures. */
const PAYLOAD_BYTES_MAX = 1024 * 1024;
const SIGNATURES_MAX = 1000;

export function signatureTag(image: Digest): string {
  return `${image.replace(':', '-')}.sig`;
}

/** By both customs, each once. @throws MANIFEST_INVALID, DIGEST_MISMATCH */
export async function signaturesOf(
  repository: SignedRepository,
  image: Digest,
  options: CallOptions,
): Promise<readonly StoredSignature[]> {
  const layers = [
    ...(await layersUnderTag(repository, image, options)),
    ...(await layersOfReferrers(repository, image, options)),
  ];
  const each = new Map(layers.map((layer) => [signatureKey(layer), layer]));
  if (each.size > SIGNATURES_MAX) throw tooMany(image);
  const found: StoredSignature[] = [];
  for (const layer of each.values()) found.push(await readSignature(repository, layer, options));
  return found;
}

/** The layers of the manifest under the tag; none where there is no such tag. */
export async function layersUnderTag(
  repository: Repository,
  image: Digest,
  options: CallOptions,
): Promise<readonly Descriptor[]> {
  const raw = await manifestOrNothing(repository, signatureTag(image), options);
  return raw ? signatureLayers(raw) : [];
}

export async function layersOfReferrers(
  repository: SignedRepository,
  image: Digest,
  { signal }: CallOptions,
): Promise<readonly Descriptor[]> {
  const call = signal ? { signal } : {};
  const listed = await repository.referrers(image, { ...call, artifactType: SIGNATURES_TYPE });
  const layers: Descriptor[] = [];
  for (const { digest } of listed) {
    const raw = await manifestOrNothing(repository, digest, call);
    if (raw && decodeManifest(raw).subject?.digest === image) layers.push(...signatureLayers(raw));
    if (layers.length > SIGNATURES_MAX) throw tooMany(image);
  }
  return layers;
}

/** Of a manifest of signatures. @throws MANIFEST_INVALID: it is an index */
export function signatureLayers(raw: RawManifest): readonly Descriptor[] {
  return signaturesIn(raw).layers.filter(({ mediaType }) => mediaType === SIMPLE_SIGNING_TYPE);
}

export function signaturesIn(raw: RawManifest): ImageManifest {
  const manifest = decodeManifest(raw);
  if (manifest.kind === 'image') return manifest;
  throw new SlipwayError('MANIFEST_INVALID', `manifest invalid: ${raw.digest} holds no signatures`);
}

/** Two signatures of one document are two. */
export function signatureKey({ digest, annotations = {} }: Descriptor): string {
  return `${digest} ${annotations[SIGNATURE_ANNOTATION]}`;
}

export async function readSignature(
  repository: Repository,
  layer: Descriptor,
  options: CallOptions,
): Promise<StoredSignature> {
  const { digest, size, annotations = {} } = layer;
  if (size > PAYLOAD_BYTES_MAX) {
    throw new SlipwayError('MANIFEST_INVALID', `manifest invalid: ${digest} is too large to sign`);
  }
  const chunks = await Array.fromAsync(repository.blobs.read(digest, { ...options, size }));
  const signature = Buffer.from(annotations[SIGNATURE_ANNOTATION] ?? '', 'base64');
  return { layer, signature, payload: Buffer.concat(chunks) };
}

async function manifestOrNothing(
  repository: Repository,
  selector: string,
  options: CallOptions,
): Promise<RawManifest | undefined> {
  try {
    return await repository.getManifest(selector, options);
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}

function tooMany(image: Digest): SlipwayError {
  return new SlipwayError(
    'MANIFEST_INVALID',
    `manifest invalid: ${image} has more than ${SIGNATURES_MAX} signatures`,
  );
}
