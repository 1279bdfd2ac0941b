/**
 * Paths of the web pages. A name has no `:` and no `@`, so `/repo/team/app` is a repository,
 * `/repo/team/app:1` and `/repo/team/app@sha256:…` are images of it.
 */
import { isDigest } from '#core/digest.ts';
import { isRepositoryName, isTag } from '#core/reference.ts';

export type WebRoute =
  | { readonly page: 'home' }
  | { readonly page: 'sign-in' }
  | { readonly page: 'asset'; readonly asset: 'style.css' | 'script.js' }
  | { readonly page: 'repository'; readonly name: string }
  | { readonly page: 'image'; readonly name: string; readonly reference: string };

export function webRouteOf(path: string): WebRoute | undefined {
  switch (path) {
    case '/':
      return { page: 'home' };
    // Not deeper: a browser sends a password along only from here downwards (RFC 7617 §2.2).
    case '/sign-in':
      return { page: 'sign-in' };
    case '/-/style.css':
      return { page: 'asset', asset: 'style.css' };
    case '/-/script.js':
      return { page: 'asset', asset: 'script.js' };
    default:
      return imageRoute(path);
  }
}

function imageRoute(path: string): WebRoute | undefined {
  const [, name = '', mark, reference = ''] =
    /^\/repo\/([^:@]+)(?:([:@])([^/]+))?$/.exec(path) ?? [];
  if (!isRepositoryName(name)) return undefined;
  if (mark === undefined) return { page: 'repository', name };
  const isGood = mark === '@' ? isDigest(reference) : isTag(reference);
  return isGood ? { page: 'image', name, reference } : undefined;
}

/** The other way. */
export function imagePath(name: string, reference: string): string {
  return `/repo/${name}${isDigest(reference) ? '@' : ':'}${reference}`;
}
