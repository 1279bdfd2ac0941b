/**
 * What cosign signs of an image: a small JSON document in the form of containers/image's "simple
 * signing", which names the image's digest. Here are its words and its form; who signed it, and whether
 * that is to be believed, is decided elsewhere.
 */
import { type Digest, parseDigest } from './digest.ts';
import { type JsonObject, type JsonValue, ObjectReader, parseJson } from './json.ts';

/** Of the signed document, a layer of the manifest with the signatures. */
export const SIMPLE_SIGNING_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
/** Of a manifest of signatures that names the image as its subject. */
export const SIGNATURES_TYPE = 'application/vnd.dev.cosign.artifact.sig.v1+json';
/** Of the layer: the signature of its content, in base64. */
export const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature';
const CLAIM_TYPE = 'cosign container image signature';

export interface Claims {
  /** What the image is called, without tag and digest. */
  readonly name: string;
  readonly digest: Digest;
  /** What the signer adds. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a signature says, as it stands there. */
export interface SignedClaims {
  readonly name: string;
  readonly digest: Digest;
  /** Tools put more than words here. */
  readonly optional: JsonObject;
  readonly document: JsonValue;
}

export function encodeClaims({ name, digest, annotations }: Claims): Uint8Array {
  const optional = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': name },
        image: { 'docker-manifest-digest': digest },
        type: CLAIM_TYPE,
      },
      optional: optional.length === 0 ? null : Object.fromEntries(optional),
    }),
  );
}

/** @throws JSON_INVALID, DIGEST_INVALID */
export function decodeClaims(bytes: Uint8Array): SignedClaims {
  const what = 'what was signed';
  const document = parseJson(bytes, what);
  const top = new ObjectReader(document, what);
  const critical = top.object('critical');
  if (critical.string('type') !== CLAIM_TYPE) critical.refuse('type', `"${CLAIM_TYPE}"`);
  const optional = top.optionalObject('optional');
  return {
    name: critical.object('identity').optionalString('docker-reference') ?? '',
    digest: parseDigest(critical.object('image').string('docker-manifest-digest')),
    optional: Object.fromEntries(
      optional?.keys().map((key) => [key, optional.raw(key) ?? null]) ?? [],
    ),
    document,
  };
}
