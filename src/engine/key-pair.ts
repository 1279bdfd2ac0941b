/** `slipway generate-key-pair`: two files, the private key encrypted as cosign does. */
import { generateKeyPairSync } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { encryptKey } from '#image/sigstore-key.ts';
import { onDisk } from '#store/disk-errors.ts';

export const KEY_TYPES = ['ecdsa-p256', 'ed25519'] as const;

export interface KeyPairOptions {
  /** `cosign` makes `cosign.key` and `cosign.pub`. */
  readonly prefix: string;
  readonly type: (typeof KEY_TYPES)[number];
  readonly password: string;
}

/** Paths of the files. @throws FILE_UNUSABLE: one of them is there; FILE_MISSING, PERMISSION, DISK_FULL */
export async function writeKeyPair(options: KeyPairOptions): Promise<{
  readonly privateKey: string;
  readonly publicKey: string;
}> {
  const { prefix, type, password } = options;
  const [privateKey, publicKey] = [`${prefix}.key`, `${prefix}.pub`];
  const pair =
    type === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  await writeNew(privateKey, await encryptKey(der, password), 0o600);
  try {
    await writeNew(publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }), 0o644);
  } catch (error) {
    await rm(privateKey);
    throw error;
  }
  return { privateKey, publicKey };
}

/** A key that is written over cannot be had again. */
async function writeNew(path: string, text: string | Buffer, mode: number): Promise<void> {
  try {
    await onDisk(path, () => writeFile(path, text, { flag: 'wx', mode }));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') {
      throw new SlipwayError('FILE_MISSING', `open ${path}: no such file or directory`, {
        hint: 'make the folder first',
        cause,
        detail: { path },
      });
    }
    if (errnoOf(cause) !== 'EEXIST') throw cause;
    throw new SlipwayError('FILE_UNUSABLE', `${path} exists already`, {
      hint: 'choose other names with --output-key-prefix, or move the file away',
      cause,
      detail: { path },
    });
  }
}
