/**
 * Keys that sign images, each in the one way that cosign uses it: ECDSA on P-256 and RSA (PKCS #1 v1.5)
 * over SHA-256, ed25519 over the bytes as they are.
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { keyInvalid } from './key-error.ts';
import { type KeyPassword, readPrivateKey, readPublicKey } from './key-file.ts';

export interface ImageVerifyKey {
  /** Its file, for messages. */
  readonly name: string;
  isSignedBy(payload: Uint8Array, signature: Uint8Array): boolean;
}

export interface ImageSigningKey extends ImageVerifyKey {
  sign(payload: Uint8Array): Buffer;
}

const RSA_BITS_MIN = 2048;

/** @throws FILE_MISSING, PERMISSION, KEY_INVALID */
export async function readImageSigningKey(
  path: string,
  password: KeyPassword,
): Promise<ImageSigningKey> {
  const key = await readPrivateKey(path, password);
  const hash = hashOf(path, key);
  return {
    ...verifyKey(path, createPublicKey(key)),
    sign: (payload) => sign(hash, payload, key),
  };
}

/** @throws FILE_MISSING, PERMISSION, KEY_INVALID */
export async function readImageVerifyKey(path: string): Promise<ImageVerifyKey> {
  return verifyKey(path, await readPublicKey(path));
}

function verifyKey(path: string, key: KeyObject): ImageVerifyKey {
  const hash = hashOf(path, key);
  return {
    name: path,
    isSignedBy: (payload, signature) => verify(hash, payload, key, signature),
  };
}

/** Null: the algorithm hashes by itself. */
function hashOf(path: string, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'ed25519') return null;
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'sha256';
  if (asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS_MIN) return 'sha256';
  const kind = [asymmetricKeyType, namedCurve ?? (modulusLength || '')].join(' ').trim();
  throw keyInvalid(path, `holds a key of type ${kind}, with which images are not signed`, {
    hint: `keys are ECDSA on P-256, ed25519, or RSA with ${RSA_BITS_MIN} bits at least: slipway generate-key-pair`,
  });
}
