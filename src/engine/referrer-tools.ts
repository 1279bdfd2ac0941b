/** The part of the Engine about what refers to images. An image is anywhere, as core/place.ts has it. */
import type { Digest } from '#core/digest.ts';
import type { SignedClaims } from '#core/simple-signing.ts';
import type { CallContext } from '#engine.ts';

export interface SignImageOptions extends CallContext {
  /** Path of the private key. */
  readonly key: string;
  /** Asked where it is encrypted. */
  readonly keyPassword: () => Promise<string>;
  /** What the signature says besides. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** What it says the image is called. Default: the name of its repository. */
  readonly name?: string;
  /** Of an index, the images in it as well. */
  readonly recursive?: boolean;
  /** A manifest with the image as its subject, instead of a tag. */
  readonly asReferrer?: boolean;
  /** Called for each manifest. */
  readonly onSigned?: (signed: SignedManifest) => void;
}

export interface SignedManifest {
  /** Of the repository, for people. */
  readonly name: string;
  readonly digest: Digest;
  /** False: this key had signed the same before. */
  readonly isNew: boolean;
}

export interface VerifyImageOptions extends CallContext {
  /** Path of the public key. */
  readonly key: string;
  /** What the signature must say. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** What it must call the image. Absent: anything, since copies keep their signatures. */
  readonly name?: string;
}

export interface ReferrerTools {
  /** Signs an image with a key as cosign does. @throws KEY_INVALID, MANIFEST_UNKNOWN */
  sign(image: string, options: SignImageOptions): Promise<void>;
  /** What was signed, by each signature that counts. @throws SIGNATURE_MISSING, SIGNATURE_WRONG */
  verify(image: string, options: VerifyImageOptions): Promise<readonly SignedClaims[]>;
}
