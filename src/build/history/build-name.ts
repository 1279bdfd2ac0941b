/** How a build is called in a list: docker buildx's rule. Pure. */
import { basename, relative, resolve } from 'node:path';

export interface NamedBuild {
  /** A folder, a URL, or `-`. */
  readonly context: string;
  readonly isFolder: boolean;
  /** As given; absent: the usual one. */
  readonly dockerfile?: string;
  readonly target?: string;
  /** BUILDKIT_BUILD_NAME of the build arguments. */
  readonly given?: string;
}

/** The context's folder, the Dockerfile where it has not the usual place, the target in parentheses. */
export function buildName({ context, isFolder, dockerfile, target, given }: NamedBuild): string {
  if (given) return given;
  const place = isFolder ? folderName(resolve(context), dockerfile) : context;
  return target === undefined ? place : `${place} (${target})`;
}

function folderName(folder: string, dockerfile: string | undefined): string {
  const name = basename(folder) || '/';
  if (dockerfile === undefined || dockerfile === '-') return name;
  const path = resolve(dockerfile);
  const inside = relative(folder, path);
  if (inside === 'Dockerfile') return name;
  return inside.startsWith('..') ? path.split('/').slice(-2).join('/') : `${name}/${inside}`;
}
