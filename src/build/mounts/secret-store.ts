/** The secrets of one build: read when first needed, and remembered, so that they can be kept out of everything. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { BuildSecrets } from '#core/build-secret.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';

/** docker's limit (BuildKit, MaxSecretSize). */
const SECRET_BYTES_MAX = 500 * 1024;

export class SecretStore {
  readonly #sources: BuildSecrets;
  readonly #known = new Map<string, Buffer>();

  constructor(sources: BuildSecrets) {
    this.#sources = sources;
  }

  /** Undefined when the build was not given it. @throws FILE_UNUSABLE */
  read(id: string): Buffer | undefined {
    const known = this.#known.get(id);
    if (known) return known;
    const source = Object.hasOwn(this.#sources, id) ? this.#sources[id] : undefined;
    if (!source) return undefined;
    const bytes = source.kind === 'value' ? Buffer.from(source.value) : readSecret(id, source.path);
    this.#known.set(id, bytes);
    return bytes;
  }

  /** All that the build was given, by id, asked for or not: none may get out. @throws FILE_UNUSABLE */
  all(): ReadonlyMap<string, Buffer> {
    for (const id of Object.keys(this.#sources)) this.read(id);
    return this.#known;
  }
}

function readSecret(id: string, path: string): Buffer {
  try {
    const bytes = readUpTo(path, SECRET_BYTES_MAX + 1);
    if (bytes.byteLength <= SECRET_BYTES_MAX) return bytes;
  } catch (cause) {
    throw new SlipwayError(
      'FILE_UNUSABLE',
      `failed to read secret ${id}: ${path}: ${errnoOf(cause) ?? 'unreadable'}`,
      {
        hint: `name a file that can be read with --secret id=${id},src=FILE`,
        cause,
      },
    );
  }
  throw new SlipwayError(
    'FILE_UNUSABLE',
    `invalid secret size: ${path} has more than ${SECRET_BYTES_MAX} bytes`,
    { hint: 'a secret is a key or a token; give large files as a build context' },
  );
}

/** Also of a pipe, as `<(command)` is one; a device without an end does not fill the memory. */
function readUpTo(path: string, bytesMax: number): Buffer {
  const bytes = Buffer.alloc(bytesMax);
  const file = openSync(path, 'r');
  try {
    let count = 0;
    while (count < bytesMax) {
      const read = readSync(file, bytes, count, bytesMax - count, null);
      if (read === 0) break;
      count += read;
    }
    return Buffer.from(bytes.subarray(0, count));
  } finally {
    closeSync(file);
  }
}
