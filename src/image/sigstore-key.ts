/**
 * Private keys encrypted as cosign does: a PEM around JSON, in which a password goes through scrypt and
 * its key opens a secretbox of NaCl (XSalsa20 and Poly1305) with the PKCS #8 key in it.
 */
import { randomBytes, scrypt } from 'node:crypto';
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { keyInvalid } from './key-error.ts';

const LABEL = 'ENCRYPTED SIGSTORE PRIVATE KEY';
/** Of cosign before version 2. */
const OLD_LABEL = 'ENCRYPTED COSIGN PRIVATE KEY';
const PEM = new RegExp(
  `-----BEGIN (${LABEL}|${OLD_LABEL})-----\\s+([A-Za-z0-9+/=\\s]+)-----END \\1-----`,
);
const LINE_LENGTH = 64;

/** Those that cosign writes; readers take others. */
const WRITTEN: ScryptParams = { N: 65_536, r: 8, p: 1 };
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const KEY_BYTES = 32;
/** Of scrypt's table: a file must not make us take all memory there is. */
const MEMORY_BYTES_MAX = 512 * 1024 * 1024;
const ROUNDS_MAX = 16;

interface ScryptParams {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

interface Envelope {
  readonly params: ScryptParams;
  readonly salt: Buffer;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
}

export function isEncryptedKey(pem: string): boolean {
  return pem.includes(`-----BEGIN ${LABEL}-----`) || pem.includes(`-----BEGIN ${OLD_LABEL}-----`);
}

/** The PKCS #8 DER. @throws KEY_INVALID: damaged, of a kind unknown, or another password */
export async function decryptKey(
  pem: string,
  { path, password }: { readonly path: string; readonly password: string },
): Promise<Buffer> {
  const { params, salt, nonce, ciphertext } = readEnvelope(pem, path);
  const key = await derive(password, salt, params);
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  try {
    return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(ciphertext));
  } catch {
    throw keyInvalid(path, 'cannot be decrypted: the password is wrong, or the file is damaged', {
      hint: 'check the variable COSIGN_PASSWORD, or what you typed',
    });
  }
}

export async function encryptKey(der: Uint8Array, password: string): Promise<string> {
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
  const key = await derive(password, salt, WRITTEN);
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  const ciphertext = Buffer.from(xsalsa20poly1305(key, nonce).encrypt(der));
  const document = {
    kdf: { name: 'scrypt', params: WRITTEN, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: ciphertext.toString('base64'),
  };
  const body = Buffer.from(JSON.stringify(document)).toString('base64');
  const lines = body.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? [];
  return `-----BEGIN ${LABEL}-----\n${lines.join('\n')}\n-----END ${LABEL}-----\n`;
}

function readEnvelope(pem: string, path: string): Envelope {
  const body = PEM.exec(pem)?.[2];
  try {
    const json = Buffer.from(body ?? '', 'base64');
    const top = new ObjectReader(parseJson(json, 'the encrypted key'), 'the encrypted key');
    const [kdf, cipher] = [top.object('kdf'), top.object('cipher')];
    if (kdf.string('name') !== 'scrypt') kdf.refuse('name', 'scrypt');
    if (cipher.string('name') !== 'nacl/secretbox') cipher.refuse('name', 'nacl/secretbox');
    const nonce = Buffer.from(cipher.string('nonce'), 'base64');
    if (nonce.byteLength !== NONCE_BYTES) cipher.refuse('nonce', `${NONCE_BYTES} bytes`);
    return {
      params: readParams(kdf.object('params')),
      salt: Buffer.from(kdf.string('salt'), 'base64'),
      nonce,
      ciphertext: Buffer.from(top.string('ciphertext'), 'base64'),
    };
  } catch (cause) {
    if (!(cause instanceof SlipwayError)) throw cause;
    throw keyInvalid(path, 'holds no key that can be read', { cause });
  }
}

function readParams(params: ObjectReader): ScryptParams {
  const [N, r, p] = [params.size('N'), params.size('r'), params.size('p')];
  const isPowerOfTwo = N > 1 && Number.isInteger(Math.log2(N));
  if (!isPowerOfTwo) params.refuse('N', 'a power of two');
  if (r < 1 || 128 * N * r > MEMORY_BYTES_MAX) params.refuse('r', 'within 512 MiB together with N');
  if (p < 1 || p > ROUNDS_MAX) params.refuse('p', `1 to ${ROUNDS_MAX}`);
  return { N, r, p };
}

function derive(password: string, salt: Buffer, { N, r, p }: ScryptParams): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { N, r, p, maxmem: 2 * 128 * (N + p) * r };
  scrypt(password, salt, KEY_BYTES, options, (error, key) => {
    if (error) reject(error);
    else resolve(key);
  });
  return promise;
}
