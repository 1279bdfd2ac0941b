/**
 * Signed archives: ed25519 over the exact bytes of bundle.json, which names the digests of all other
 * documents and of every blob. Checked before anything else is looked at, with a key at hand; there is
 * no server to ask and no certificate to trust.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import {
  BUNDLE_FILE,
  BUNDLE_SIZE_BYTES_MAX,
  type BundleDocument,
  decodeBundle,
  SIGNATURE_FILE,
} from '#store/bundle-document.ts';
import { onDisk } from '#store/disk-errors.ts';
import { INDEX_FILE } from '#store/layout-index.ts';
import { type PackedFiles, readDocument } from '#store/packed-files.ts';
import { needFile } from './input-file.ts';

/** Gives the signature of the bytes of bundle.json. */
export type SigningKey = (bundle: Uint8Array) => Uint8Array;

export interface VerifyKey {
  /** Its file, for messages. */
  readonly name: string;
  isSignedBy(bundle: Uint8Array, signature: Uint8Array): boolean;
}

const SIGNATURE_BYTES = 64;
/** A PEM of ed25519 is about a hundred bytes; comments may stand around it. */
const KEY_BYTES_MAX = 64 * 1024;
/** The largest of the documents is index.json of a mirror. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;

/** The private key of a PEM file. @throws FILE_MISSING, PERMISSION, KEY_INVALID */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const key = await readKey(path, createPrivateKey);
  return (bundle) => sign(null, bundle, key);
}

/** The public key of a PEM file, or of a private key's. @throws FILE_MISSING, PERMISSION, KEY_INVALID */
export async function readVerifyKey(path: string): Promise<VerifyKey> {
  const key = await readKey(path, createPublicKey);
  return {
    name: path,
    isSignedBy: (bundle, signature) => verify(null, bundle, key, signature),
  };
}

async function readKey(path: string, parse: (pem: Buffer) => KeyObject): Promise<KeyObject> {
  await needFile(path);
  if ((await onDisk(path, () => stat(path))).isDirectory()) {
    throw keyInvalid(path, 'is a folder, not a key');
  }
  const pem = await onDisk(path, () => readFile(path));
  let key: KeyObject;
  try {
    if (pem.byteLength > KEY_BYTES_MAX) throw new Error('too large');
    key = parse(pem);
  } catch (cause) {
    throw keyInvalid(path, 'holds no key that can be read', cause);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw keyInvalid(path, `holds a key of type ${key.asymmetricKeyType}, not ed25519`);
}

function keyInvalid(path: string, what: string, cause?: unknown): SlipwayError {
  return new SlipwayError('KEY_INVALID', `${path} ${what}`, {
    hint: 'make a pair: openssl genpkey -algorithm ed25519 -out key.pem && openssl pkey -in key.pem -pubout -out key.pub',
    detail: { path },
    // The library's words may quote the file.
    ...(cause instanceof Error && 'code' in cause ? { cause: cause.code } : {}),
  });
}

/**
 * The files with their documents as they were signed, read once: who can change the archive while it
 * is loaded changes nothing. Blobs are checked against their digests when they are read.
 * @throws SIGNATURE_MISSING, SIGNATURE_WRONG, ARCHIVE_INVALID
 */
export async function signedFiles(files: PackedFiles, key: VerifyKey): Promise<PackedFiles> {
  const { bytes, bundle } = await verifyBundle(files, key);
  const documents = new Map([[BUNDLE_FILE, bytes]]);
  // Without index.json its images would be read from documents that nobody signed.
  for (const path of new Set([INDEX_FILE, ...bundle.files.keys()])) {
    documents.set(path, await signedDocument(files, path, bundle));
  }
  return {
    ...files,
    size: async (path) => documents.get(path)?.byteLength ?? (await files.size(path)),
    async *read(path, options) {
      const document = documents.get(path);
      if (document) yield document;
      else yield* files.read(path, options);
    },
  };
}

async function signedDocument(
  files: PackedFiles,
  path: string,
  { files: digests }: BundleDocument,
): Promise<Uint8Array> {
  const bytes = await readDocument(files, path, DOCUMENT_BYTES_MAX);
  if (bytes && digestOf(bytes) === digests.get(path)) return bytes;
  throw new SlipwayError('SIGNATURE_WRONG', `${path} of ${files.name} is not what was signed`, {
    hint: 'do not use this archive',
    detail: { path },
  });
}

/** bundle.json is what the holder of the key signed. @throws SIGNATURE_MISSING, SIGNATURE_WRONG */
export async function verifyBundle(
  files: PackedFiles,
  key: VerifyKey,
): Promise<{ readonly bytes: Uint8Array; readonly bundle: BundleDocument }> {
  const bytes = await readDocument(files, BUNDLE_FILE, BUNDLE_SIZE_BYTES_MAX);
  const signature = await readDocument(files, SIGNATURE_FILE, SIGNATURE_BYTES);
  if (!bytes || !signature) {
    throw new SlipwayError('SIGNATURE_MISSING', `${files.name} is not signed`, {
      hint: 'sign it where it is saved: slipway save --sign KEY',
    });
  }
  if (key.isSignedBy(bytes, signature)) return { bytes, bundle: decodeBundle(bytes, files.name) };
  throw new SlipwayError(
    'SIGNATURE_WRONG',
    `${files.name} was not signed by the key of ${key.name}, or was changed since`,
    { hint: 'check that it is the right key; if it is, do not use this archive' },
  );
}
