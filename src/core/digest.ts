/** Content digests (image-spec descriptor.md §Digests), by node:crypto. */
import type { Hash } from 'node:crypto';
import { SlipwayError } from './errors.ts';

declare const digestBrand: unique symbol;
/** `algorithm:hex`, checked. The identity of a blob. */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

/** The specification's grammar, before one asks which algorithms we know. */
const DIGEST = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)$/;
const HEX_LENGTH: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };

/**
 * Parses `sha256:<64 hex>` or `sha512:<128 hex>`; hex must be lower case (image-spec §Registered
 * algorithms). @throws DIGEST_INVALID
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const [, algorithm = '', encoded = ''] = DIGEST.exec(text) ?? [];
  const forms = 'use sha256:<64 hex digits> or sha512:<128 hex digits>';
  if (algorithm === '') refuse(text, 'invalid checksum digest format', forms);
  if (!isAlgorithm(algorithm)) refuse(text, 'unsupported digest algorithm', forms);
  const need = `${algorithm} needs ${HEX_LENGTH[algorithm]} lower-case hex digits`;
  if (encoded.length !== HEX_LENGTH[algorithm])
    refuse(text, 'invalid checksum digest length', need);
  if (!/^[0-9a-f]+$/.test(encoded)) refuse(text, 'invalid checksum digest format', need);
  return text as Digest;
}

function refuse(text: string, message: string, hint: string): never {
  throw new SlipwayError('DIGEST_INVALID', `${message}: ${JSON.stringify(text)}`, { hint });
}

/** True for text that {@link parseDigest} accepts. */
export function isDigest(text: string): text is Digest {
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

function isAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512';
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex part. */
export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** docker's short ID: the first 12 hex digits. */
export function shortId(digest: Digest): string {
  return encodedOf(digest).slice(0, 12);
}

/** A hash in progress. `digest()` ends it; `update` after that throws. */
export interface Hasher {
  update(bytes: Uint8Array | string): void;
  digest(): Digest;
}

/** A streaming hasher for bulk content (node:crypto). Strings are hashed as UTF-8. */
export function createHasher(algorithm: DigestAlgorithm = 'sha256'): Hasher {
  const hash = nodeCrypto().createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => `${algorithm}:${hash.digest('hex')}` as Digest,
  };
}

/** The digest of bytes in memory, or of a string's UTF-8: for small ones half the work of a hasher. */
export function digestOf(
  content: Uint8Array | string,
  algorithm: DigestAlgorithm = 'sha256',
): Digest {
  const hex = nodeCrypto().hash(algorithm, content, 'hex');
  return `${algorithm}:${hex}` as Digest;
}

/** A sha256 whose state can be copied: one prefix, many continuations (cache keys). */
export interface CloneableHasher extends Hasher {
  clone(): CloneableHasher;
}

export function createCloneableHasher(): CloneableHasher {
  return cloneable(nodeCrypto().createHash('sha256'));
}

function cloneable(hash: Hash): CloneableHasher {
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => `sha256:${hash.digest('hex')}` as Digest,
    clone: () => cloneable(hash.copy()),
  };
}

/** Not an import: it takes 6 ms to load, and commands that only name a digest need none of it. */
function nodeCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
