/** Where a build's Dockerfile is, and its text. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { SourceFile } from '#core/source.ts';

/** What was named, else `Dockerfile` in the context, else podman's `Containerfile` where only that is. */
export function dockerfilePath(place: {
  readonly context: string;
  readonly dockerfile?: string;
}): string {
  if (place.dockerfile !== undefined) return resolve(place.dockerfile);
  const usual = resolve(join(place.context, 'Dockerfile'));
  const other = resolve(join(place.context, 'Containerfile'));
  return !existsSync(usual) && existsSync(other) ? other : usual;
}

const noDockerfileAt = (path: string): string => `there is no Dockerfile at ${path}: name the file`;

const UNREADABLE: Readonly<
  Record<string, { readonly reason: string; readonly hint: (path: string) => string }>
> = {
  ENOENT: { reason: 'no such file or directory', hint: noDockerfileAt },
  ENOTDIR: { reason: 'not a directory', hint: noDockerfileAt },
  EISDIR: {
    reason: 'is a directory',
    hint: (path) => `${path} is a folder: name the Dockerfile in it`,
  },
  EACCES: {
    reason: 'permission denied',
    hint: (path) => `make it readable for you: chmod +r ${path}, and +x on the folders above it`,
  },
};

/** Named by its last part, as docker shows it. @throws DOCKERFILE_MISSING */
export async function readDockerfile(path: string): Promise<SourceFile> {
  try {
    return { name: basename(path), text: readFileSync(path, 'utf8') };
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === undefined || !UNREADABLE[errno]) throw cause;
    throw dockerfileMissing(path, errno, path, cause);
  }
}

/** `shown`: for the fix. */
export function dockerfileMissing(
  path: string,
  errno: string,
  shown: string,
  cause?: unknown,
): SlipwayError {
  const known = UNREADABLE[errno];
  return new SlipwayError(
    'DOCKERFILE_MISSING',
    `failed to read dockerfile: open ${basename(path)}: ${known?.reason ?? errno}`,
    {
      detail: { path },
      ...(known === undefined ? {} : { hint: known.hint(shown) }),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
