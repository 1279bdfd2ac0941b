/** What a build took from elsewhere, with what it was at that moment: SLSA's resolved dependencies. */
import type { Digest } from '#core/digest.ts';
import { algorithmOf, encodedOf } from '#core/digest.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import { familiarName, type Reference, withDefaultTag } from '#core/reference.ts';
import type { BuildSession } from '../session.ts';

/** SLSA v1 ResourceDescriptor. */
export interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

export class Materials {
  readonly #found = new Map<string, Material>();

  image(reference: Reference, platform: Platform, digest: Digest): void {
    this.#add(imageUrl(reference, platform), digest);
  }

  file(url: URL, digest: Digest): void {
    this.#add(withoutSecrets(url.href), digest);
  }

  git(remote: string, ref: string | undefined, commit: string): void {
    const uri = `${withoutSecrets(remote)}${ref === undefined ? '' : `#${ref}`}`;
    const algorithm = commit.length === 64 ? 'sha256' : 'sha1';
    this.#found.set(uri, { uri, digest: { [algorithm]: commit } });
  }

  /** Sorted by URI. */
  list(): readonly Material[] {
    return [...this.#found.values()].sort((a, b) => (a.uri < b.uri ? -1 : 1));
  }

  #add(uri: string, digest: Digest): void {
    this.#found.set(uri, { uri, digest: { [algorithmOf(digest)]: encodedOf(digest) } });
  }
}

/** The same, images being noted. */
export function notedBases(
  resolveBase: BuildSession['resolveBase'],
  materials: Materials | undefined,
): BuildSession['resolveBase'] {
  if (!materials) return resolveBase;
  return async (reference, options) => {
    const image = await resolveBase(reference, options);
    materials.image(reference, options.platform, image.digest ?? image.imageId);
    return image;
  };
}

/** purl-spec, type docker: `pkg:docker/alpine@3.20?platform=linux%2Famd64`. */
export function imageUrl(reference: Reference, platform: Platform): string {
  const { tag, digest } = withDefaultTag(reference);
  const path = familiarName(reference).split('/').map(encodeURIComponent).join('/');
  const qualifiers = [
    ...(digest === undefined ? [] : [`digest=${encodeURIComponent(digest)}`]),
    `platform=${encodeURIComponent(formatPlatform(platform))}`,
  ];
  return `pkg:docker/${path}${tag === undefined ? '' : `@${tag}`}?${qualifiers.join('&')}`;
}

function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (!url) return text;
  url.username = '';
  url.password = '';
  return url.href;
}
