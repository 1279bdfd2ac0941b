/** What a build is asked to attest of its image, and the words that attestations are stored under. */

/** How much provenance says: `min` leaves out arguments, secrets' names and steps. */
export interface ProvenanceRequest {
  readonly mode: 'min' | 'max';
  /** Who built, as a URI. */
  readonly builderId?: string;
  /** The user's word that the same build gives the same bytes. */
  readonly isReproducible: boolean;
}

export interface AttestRequest {
  /** The program that builds, `name-version`. */
  readonly tool: string;
  readonly provenance?: ProvenanceRequest;
  readonly sbom: boolean;
}

/** in-toto attestation framework, Statement v1. */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PROVENANCE_TYPE = 'https://slsa.dev/provenance/v1';
export const SPDX_TYPE = 'https://spdx.dev/Document';

/** Of the blob with a statement. */
export const IN_TOTO_MEDIA_TYPE = 'application/vnd.in-toto+json';
export const PREDICATE_ANNOTATION = 'in-toto.io/predicate-type';
/** Of the manifest that holds statements about an image: BuildKit's. */
export const ATTESTATION_TYPE = 'application/vnd.docker.attestation.manifest.v1+json';
/** image-spec manifest.md §Guidelines for artifact usage. */
export const EMPTY_CONFIG_TYPE = 'application/vnd.oci.empty.v1+json';
export const EMPTY_CONFIG = '{}';
