/**
 * Errors as values for people and programs.
 *
 * `code` says what happened, the class (kind) says what a catcher can do about it, `hint` says what
 * the user can do, `cause` says why. Nobody decides on message text. Secrets are removed where an
 * error is made. `ERROR_CODES` is the one table; docs/errors.md is written from it.
 */

/** What the catcher does: one word per reaction, not per subject. */
export type ErrorKind =
  /** The caller gave something wrong; asking again with the same words is useless. */
  | 'invalid'
  /** The thing named does not exist (any more). */
  | 'not-found'
  /** It clashes with what is there; remove or rename first. */
  | 'conflict'
  /** Bytes are not what their digest, size or format promised; fetch again or repair. */
  | 'integrity'
  /** The other side wants (other) credentials. */
  | 'denied'
  /** A peer is unreachable or overloaded; retrying later may help. */
  | 'unavailable'
  /** This kernel, format or version cannot do it. */
  | 'unsupported'
  /** A container's command ended with a failure of its own. */
  | 'step-failed'
  /** The machine ran out of something (disk, memory, descriptors). */
  | 'exhausted'
  /** The user or a limit stopped it. */
  | 'cancelled'
  /** Slipway broke its own rules: a bug. */
  | 'internal';

/** Every code with its kind and one sentence of meaning. Keep sorted within a group. */
export const ERROR_CODES = {
  // names and values
  DIGEST_INVALID: { kind: 'invalid', meaning: 'A digest is not of the form algorithm:hex.' },
  REFERENCE_INVALID: {
    kind: 'invalid',
    meaning: 'An image reference does not follow the grammar.',
  },
  PLATFORM_INVALID: { kind: 'invalid', meaning: 'A platform is not os/arch[/variant].' },
  MANIFEST_INVALID: {
    kind: 'invalid',
    meaning: 'A manifest or image config breaks its specification.',
  },
  JSON_INVALID: {
    kind: 'invalid',
    meaning: 'A document is not JSON, or not of the expected shape.',
  },
  ACCOUNT_UNKNOWN: { kind: 'not-found', meaning: 'The registry has no such user or key.' },
  CONFIG_INVALID: {
    kind: 'invalid',
    meaning: 'A configuration file says what cannot be, or cannot be understood.',
  },
  USAGE: { kind: 'invalid', meaning: 'The command line is not understood.' },
  TEMPLATE_INVALID: {
    kind: 'invalid',
    meaning: 'A --format template is malformed, or asks for a field that is not there.',
  },
  CACHE_INVALID: { kind: 'invalid', meaning: 'What should be a build cache is none.' },
  LOCK_INVALID: { kind: 'invalid', meaning: 'What should be the lock of a Dockerfile is none.' },
  LOCK_MISSING: {
    kind: 'not-found',
    meaning: 'A build that is to keep to the lock of its Dockerfile finds none.',
  },
  LOCK_OUTDATED: {
    kind: 'conflict',
    meaning:
      'A build needs something from elsewhere that the lock of its Dockerfile does not name.',
  },
  NOT_IMPLEMENTED: {
    kind: 'unsupported',
    meaning:
      'A command or an option of the program that Slipway stands in for is one that it lacks.',
  },
  SECRET_MISSING: {
    kind: 'invalid',
    meaning: 'A step needs a secret or an ssh agent that the build was not given.',
  },
  NOT_ALLOWED: {
    kind: 'denied',
    meaning: 'A step asks for more than steps have, and the build does not allow it.',
  },
  SECRET_LEAKED: {
    kind: 'denied',
    meaning: 'A secret of the build would be part of what it makes.',
  },
  OFFLINE: {
    kind: 'unavailable',
    meaning: 'Something is needed from the network, which the command was told not to use.',
  },
  // content
  BLOB_UNKNOWN: { kind: 'not-found', meaning: 'No blob with this digest is here.' },
  MANIFEST_UNKNOWN: { kind: 'not-found', meaning: 'No manifest with this tag or digest is here.' },
  NAME_UNKNOWN: { kind: 'not-found', meaning: 'No repository of this name is here.' },
  IMAGE_UNKNOWN: {
    kind: 'not-found',
    meaning: 'No image of this name or ID is in the local store.',
  },
  IMAGE_ID_AMBIGUOUS: { kind: 'conflict', meaning: 'A short image ID fits more than one image.' },
  NAME_CONFLICT: { kind: 'conflict', meaning: 'Two images would get the same name.' },
  TAG_IMMUTABLE: {
    kind: 'conflict',
    meaning: 'A rule of the registry keeps the tag where it points.',
  },
  IMAGE_IN_USE: {
    kind: 'conflict',
    meaning: 'An image has several names or users; removal needs force.',
  },
  PLATFORM_UNKNOWN: {
    kind: 'not-found',
    meaning: 'An index holds no image for the wanted platform.',
  },
  DIGEST_MISMATCH: {
    kind: 'integrity',
    meaning: 'Content does not hash to the digest it was asked by.',
  },
  SIZE_MISMATCH: { kind: 'integrity', meaning: 'Content is shorter or longer than announced.' },
  UPLOAD_UNKNOWN: { kind: 'not-found', meaning: 'The upload session does not exist (any more).' },
  UPLOAD_RANGE: { kind: 'invalid', meaning: 'A chunk does not start where the upload stands.' },
  STORE_BROKEN: { kind: 'integrity', meaning: 'The store on disk contradicts itself.' },
  STORE_BUSY: { kind: 'unavailable', meaning: 'Another process keeps the store locked.' },
  READ_ONLY: { kind: 'unsupported', meaning: 'A place that can only be read was asked to change.' },
  STORE_VERSION: { kind: 'unsupported', meaning: 'The store was written by a newer Slipway.' },
  // archives and layers
  ARCHIVE_INCOMPLETE: {
    kind: 'not-found',
    meaning: 'An archive leaves out blobs that are not at its destination either.',
  },
  ARCHIVE_INVALID: {
    kind: 'invalid',
    meaning: 'A file is not an archive of a known kind, or it is damaged.',
  },
  ENTRY_REFUSED: { kind: 'invalid', meaning: 'An archive entry cannot be represented safely.' },
  INDEX_INVALID: { kind: 'integrity', meaning: 'A layer index (EROFS image) is damaged.' },
  SIGNATURE_MISSING: {
    kind: 'integrity',
    meaning: 'An archive or image to be verified is not signed.',
  },
  SIGNATURE_WRONG: {
    kind: 'integrity',
    meaning:
      'The signature of an archive or image is not by the key given, or is about something else.',
  },
  KEY_INVALID: { kind: 'invalid', meaning: 'A key file holds no key of the kind needed.' },
  VOLUME_DAMAGED: { kind: 'integrity', meaning: 'A volume of an archive is not what was written.' },
  VOLUME_MISSING: { kind: 'not-found', meaning: 'Volumes of an archive have not been given yet.' },
  COMPRESSION_UNKNOWN: {
    kind: 'unsupported',
    meaning: 'The compression of a stream is not supported.',
  },
  EXPANSION_REFUSED: {
    kind: 'invalid',
    meaning:
      'An archive becomes so much larger than it is that it looks like a decompression bomb.',
  },
  PATH_UNKNOWN: { kind: 'not-found', meaning: 'A path does not exist in the image or context.' },
  PATH_NOT_DIRECTORY: {
    kind: 'invalid',
    meaning: 'A path needs a directory where there is something else.',
  },
  LINK_LOOP: { kind: 'invalid', meaning: 'Symbolic links lead in a circle, or too deep.' },
  // Dockerfile and build
  DOCKERFILE_MISSING: { kind: 'not-found', meaning: 'The Dockerfile cannot be read.' },
  DOCKERFILE_INVALID: { kind: 'invalid', meaning: 'The Dockerfile has errors.' },
  IGNORE_INVALID: { kind: 'invalid', meaning: 'A .dockerignore pattern is malformed.' },
  CONTEXT_MISSING: {
    kind: 'not-found',
    meaning: 'The build context does not exist or is no folder.',
  },
  TARGET_UNKNOWN: { kind: 'not-found', meaning: 'The Dockerfile has no stage of this name.' },
  SOURCE_MISSING: { kind: 'not-found', meaning: 'A COPY or ADD source does not exist.' },
  COPY_REFUSED: {
    kind: 'invalid',
    meaning: 'COPY or ADD cannot put this source at this destination.',
  },
  BUILD_UNKNOWN: { kind: 'not-found', meaning: 'No build of this ref is on record, or several.' },
  BASE_UNKNOWN: { kind: 'not-found', meaning: 'The base image of a stage cannot be found.' },
  NOT_REPRODUCIBLE: {
    kind: 'integrity',
    meaning: 'Two builds of the same, one after the other, gave different layers.',
  },
  PLATFORM_NOT_RUNNABLE: {
    kind: 'unsupported',
    meaning: 'This machine cannot run programs of the platform that a step is for.',
  },
  RUN_FAILED: {
    kind: 'step-failed',
    meaning: 'The command of a RUN step ended with a non-zero code.',
  },
  // containers
  COMMAND_NOT_FOUND: { kind: 'step-failed', meaning: 'The program to start does not exist (127).' },
  COMMAND_NOT_EXECUTABLE: {
    kind: 'step-failed',
    meaning: 'The program to start cannot be executed (126).',
  },
  USER_UNKNOWN: { kind: 'not-found', meaning: 'A user or group is not in the image.' },
  SECCOMP_PROFILE_INVALID: {
    kind: 'invalid',
    meaning: 'A system call filter (--security-opt seccomp=FILE) cannot be read.',
  },
  SPEC_UNSUPPORTED: {
    kind: 'unsupported',
    meaning: 'A config.json field is not implemented by the runtime.',
  },
  LAUNCH_FAILED: { kind: 'unsupported', meaning: 'The container could not be set up (125).' },
  ISOLATION_UNAVAILABLE: {
    kind: 'unsupported',
    meaning: 'This machine offers no way to isolate a RUN.',
  },
  HELPER_MISSING: {
    kind: 'unsupported',
    meaning: 'The native helper is not built or cannot run here.',
  },
  HELPER_FAILED: { kind: 'internal', meaning: 'The native helper ended unexpectedly.' },
  NETWORK_FAILED: {
    kind: 'unsupported',
    meaning: 'A network of its own could not be made for a container.',
  },
  OWNER_UNMAPPED: {
    kind: 'unsupported',
    meaning: 'The owner of a file does not exist in the user namespace.',
  },
  SNAPSHOT_FAILED: { kind: 'unsupported', meaning: 'A root file system could not be prepared.' },
  // registries
  REGISTRY_UNREACHABLE: { kind: 'unavailable', meaning: 'No connection to the registry.' },
  REGISTRY_REFUSED: { kind: 'unavailable', meaning: 'The registry answered with an error.' },
  REGISTRY_PROTOCOL: {
    kind: 'integrity',
    meaning: 'The registry answered outside the specification.',
  },
  UNAUTHORIZED: { kind: 'denied', meaning: 'The registry wants (other) credentials.' },
  TOO_MANY_REQUESTS: { kind: 'unavailable', meaning: 'The registry limits the rate of requests.' },
  ADDRESS_INVALID: {
    kind: 'invalid',
    meaning: 'An address to listen on is not host:port, or must not be listened on.',
  },
  ADDRESS_IN_USE: { kind: 'conflict', meaning: 'Another process listens on the address.' },
  GIT_FAILED: { kind: 'unavailable', meaning: 'A git repository cannot be fetched.' },
  GIT_MISSING: { kind: 'unsupported', meaning: 'The git program is not installed.' },
  DOWNLOAD_FAILED: { kind: 'unavailable', meaning: 'A file cannot be fetched from its URL.' },
  REGISTRY_BLOCKED: { kind: 'denied', meaning: 'A configuration file blocks the registry.' },
  CREDENTIAL_HELPER: {
    kind: 'unavailable',
    meaning: 'A program that keeps credentials (docker-credential-…) failed.',
  },
  // machine
  DISK_FAILED: { kind: 'integrity', meaning: 'The disk reports an input/output error.' },
  DISK_FULL: { kind: 'exhausted', meaning: 'No space is left where Slipway writes.' },
  PERMISSION: { kind: 'denied', meaning: 'The operating system refuses access to a file.' },
  FILE_CHANGED: { kind: 'conflict', meaning: 'A file changed while it was being read.' },
  FILE_MISSING: { kind: 'not-found', meaning: 'A file named by the user does not exist.' },
  FILE_TOO_LARGE: {
    kind: 'exhausted',
    meaning: 'The file system, or a limit, takes no file of this size.',
  },
  FILE_UNUSABLE: { kind: 'invalid', meaning: 'A file named by the user is of the wrong kind.' },
  TOO_MANY_FILES: {
    kind: 'exhausted',
    meaning: 'The process, or the machine, may open no more files.',
  },
  CANCELLED: { kind: 'cancelled', meaning: 'The user or a signal stopped the work.' },
  INTERNAL: { kind: 'internal', meaning: 'A bug in Slipway.' },
} as const satisfies Record<string, { readonly kind: ErrorKind; readonly meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface SlipwayErrorOptions {
  /** The fix, as one sentence the user can act on. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Facts for programs (expected and found digest, path, exit code …); must be JSON. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The one error class that leaves a Slipway function on purpose. */
export class SlipwayError extends Error {
  override readonly name = 'SlipwayError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: SlipwayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.detail = options.detail ?? {};
  }

  get kind(): ErrorKind {
    return ERROR_CODES[this.code].kind;
  }
}

/** Narrows an unknown catch value to a SlipwayError, optionally of one of the given codes. */
export function isSlipwayError(error: unknown, ...codes: ErrorCode[]): error is SlipwayError {
  return error instanceof SlipwayError && (codes.length === 0 || codes.includes(error.code));
}

/**
 * What went wrong first. When letting go fails, too, `using` throws a SuppressedError around both; it
 * is the earlier one that says what happened.
 */
export function firstError(error: unknown): unknown {
  let first = error;
  while (first instanceof SuppressedError) first = first.suppressed;
  return first;
}

/** The code of an error of Node's own (`ENOENT`, `Z_DATA_ERROR` …), or undefined; never one of ours. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof SlipwayError) return undefined;
  if (!('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
