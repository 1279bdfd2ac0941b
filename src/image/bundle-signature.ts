/**
 * Signed archives: ed25519 over the exact bytes of bundle.json, which names the digests of all other
 * documents and of every blob. Checked before anything else is looked at, with a key at hand; there is
 * no server to ask and no certificate to trust.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import {
  BUNDLE_FILE,
  BUNDLE_SIZE_BYTES_MAX,
  type BundleDocument,
  decodeBundle,
  SIGNATURE_FILE,
} from '#store/bundle-document.ts';
import { INDEX_FILE } from '#store/layout-index.ts';
import { type PackedFiles, readDocument } from '#store/packed-files.ts';
import { keyInvalid } from './key-error.ts';
import { type KeyPassword, readPrivateKey, readPublicKey } from './key-file.ts';

/** Gives the signature of the bytes of bundle.json. */
export type SigningKey = (bundle: Uint8Array) => Uint8Array;

export interface VerifyKey {
  /** Its file, for messages. */
  readonly name: string;
  isSignedBy(bundle: Uint8Array, signature: Uint8Array): boolean;
}

const SIGNATURE_BYTES = 64;
/** The largest of the documents is index.json of a mirror. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;

/** The private key of a PEM file. @throws FILE_MISSING, PERMISSION, KEY_INVALID */
export async function readSigningKey(path: string, password?: KeyPassword): Promise<SigningKey> {
  const key = needEd25519(path, await readPrivateKey(path, password));
  return (bundle) => sign(null, bundle, key);
}

/** The public key of a PEM file, or of a private key's. @throws FILE_MISSING, PERMISSION, KEY_INVALID */
export async function readVerifyKey(path: string): Promise<VerifyKey> {
  const key = needEd25519(path, await readPublicKey(path));
  return {
    name: path,
    isSignedBy: (bundle, signature) => verify(null, bundle, key, signature),
  };
}

/** The signatures of other keys have no fixed length, which a bundle counts on. */
function needEd25519(path: string, key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw keyInvalid(path, `holds a key of type ${key.asymmetricKeyType}, not ed25519`, {
    hint: 'make a pair: slipway generate-key-pair --type ed25519',
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
