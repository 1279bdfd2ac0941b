/**
 * The folder that docker's registry keeps its content in (its file system storage), drawn once:
 *
 *   docker/registry/v2/
 *     blobs/<alg>/<first two of hex>/<hex>/data
 *     repositories/<name>/
 *       _layers/<alg>/<hex>/link                          blobs that the repository shows
 *       _manifests/revisions/<alg>/<hex>/link             its manifests
 *       _manifests/tags/<tag>/current/link                what the tag points to
 *       _manifests/tags/<tag>/index/<alg>/<hex>/link      and has pointed to
 *       _uploads/                                         not taken over
 *
 * A `link` is a file that holds a digest as text.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { algorithmOf, type Digest, encodedOf, isDigest } from '#core/digest.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { isRepositoryName, isTag } from '#core/reference.ts';

const TOP = 'docker/registry/v2';
const ALGORITHMS = ['sha256', 'sha512'] as const;

export interface LinkedTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly changedAtMs: number;
}

export class DistributionLayout {
  readonly #top: string;

  /** `folder`: what the registry's `rootdirectory` names. */
  constructor(folder: string) {
    this.#top = join(folder, TOP);
  }

  /** One that is there already. @throws FILE_MISSING, FILE_UNUSABLE */
  static open(folder: string): DistributionLayout {
    const exists = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory();
    if (exists(join(folder, TOP, 'repositories'))) return new DistributionLayout(folder);
    if (!exists(folder)) {
      throw new SlipwayError('FILE_MISSING', `open ${folder}: no such file or directory`, {
        hint: 'name the folder that docker’s registry stores into: its rootdirectory',
      });
    }
    throw new SlipwayError('FILE_UNUSABLE', `${folder} holds no storage of docker's registry`, {
      hint: `name the folder that has ${TOP}/repositories: the registry's rootdirectory`,
    });
  }

  blob(digest: Digest): string {
    const hex = encodedOf(digest);
    return join(this.#top, 'blobs', algorithmOf(digest), hex.slice(0, 2), hex, 'data');
  }

  layerLink(repository: string, digest: Digest): string {
    return join(this.#repository(repository), '_layers', digest.replace(':', '/'), 'link');
  }

  revisionLink(repository: string, digest: Digest): string {
    return join(this.#manifests(repository), 'revisions', digest.replace(':', '/'), 'link');
  }

  /** Of the tag, and of its history. */
  tagLinks(repository: string, tag: string, digest: Digest): readonly string[] {
    const folder = join(this.#manifests(repository), 'tags', tag);
    return [
      join(folder, 'current', 'link'),
      join(folder, 'index', digest.replace(':', '/'), 'link'),
    ];
  }

  /** Names of the repositories that have manifests, sorted. */
  repositories(): readonly string[] {
    const found: string[] = [];
    const visit = (name: string): void => {
      const entries = namesIn(join(this.#top, 'repositories', name));
      if (entries.includes('_manifests') && isRepositoryName(name)) found.push(name);
      for (const entry of entries) {
        if (!entry.startsWith('_')) visit(name === '' ? entry : `${name}/${entry}`);
      }
    };
    visit('');
    return found.sort();
  }

  manifests(repository: string): readonly Digest[] {
    return ALGORITHMS.flatMap((algorithm) =>
      namesIn(join(this.#manifests(repository), 'revisions', algorithm))
        .map((hex) => `${algorithm}:${hex}`)
        .filter(isDigest)
        // A deleted revision's folder stays, without its link.
        .filter((digest) => linkAt(this.revisionLink(repository, digest)) !== undefined),
    );
  }

  /** By the time of their last push. */
  tags(repository: string): readonly LinkedTag[] {
    const folder = join(this.#manifests(repository), 'tags');
    return namesIn(folder)
      .filter(isTag)
      .flatMap((tag) => {
        const path = join(folder, tag, 'current', 'link');
        const digest = linkAt(path);
        return digest ? [{ tag, digest, changedAtMs: statSync(path).mtimeMs }] : [];
      })
      .sort((a, b) => a.changedAtMs - b.changedAtMs);
  }

  #repository(name: string): string {
    return join(this.#top, 'repositories', name);
  }

  #manifests(name: string): string {
    return join(this.#repository(name), '_manifests');
  }
}

function linkAt(path: string): Digest | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return isDigest(text) ? text : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
