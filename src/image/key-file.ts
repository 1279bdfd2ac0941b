/**
 * Key files, for all that is signed or verified here: private keys as PKCS #8 PEM, plain or encrypted,
 * or in cosign's own encryption; public keys as PEM, or the public half of a private one. What a key is
 * good for is decided by who uses it.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { onDisk } from '#store/disk-errors.ts';
import { needFile } from './input-file.ts';
import { keyInvalid } from './key-error.ts';
import { decryptKey, isEncryptedKey } from './sigstore-key.ts';

/** Asked once, and only for an encrypted key. */
export type KeyPassword = () => Promise<string>;

/** A PEM of RSA is a few kilobytes; comments may stand around it. */
const KEY_BYTES_MAX = 64 * 1024;

/** @throws FILE_MISSING, PERMISSION, KEY_INVALID, and what `password` throws */
export async function readPrivateKey(
  path: string,
  password: KeyPassword = refuseEncrypted(path),
): Promise<KeyObject> {
  const pem = await readPem(path);
  if (isEncryptedKey(pem)) {
    const der = await decryptKey(pem, { path, password: await password() });
    return parsed(path, () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  }
  if (!pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) {
    return parsed(path, () => createPrivateKey(pem));
  }
  const passphrase = await password();
  return parsed(path, () => createPrivateKey({ key: pem, passphrase }));
}

/** @throws FILE_MISSING, PERMISSION, KEY_INVALID */
export async function readPublicKey(path: string): Promise<KeyObject> {
  const pem = await readPem(path);
  if (isEncryptedKey(pem) || pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) {
    throw keyInvalid(path, 'holds an encrypted private key', {
      hint: 'name the file with the public key',
    });
  }
  return parsed(path, () => createPublicKey(pem));
}

async function readPem(path: string): Promise<string> {
  await needFile(path);
  const found = await onDisk(path, () => stat(path));
  if (found.isDirectory()) throw keyInvalid(path, 'is a folder, not a key');
  if (found.size > KEY_BYTES_MAX) throw keyInvalid(path, 'holds no key that can be read');
  return await onDisk(path, () => readFile(path, 'utf8'));
}

function parsed(path: string, parse: () => KeyObject): KeyObject {
  try {
    return parse();
  } catch (cause) {
    throw keyInvalid(path, 'holds no key that can be read', { cause });
  }
}

function refuseEncrypted(path: string): KeyPassword {
  return () => {
    throw keyInvalid(path, 'holds an encrypted key, and there is no password', {
      hint: 'put the password into the variable COSIGN_PASSWORD',
    });
  };
}
