/**
 * `--build-context NAME=…`: trees and images that a Dockerfile can name, in COPY --from, in RUN --mount
 * from= and in FROM. They win over stages and images of the same name, so `alpine:3=oci-layout://…` is
 * the way to build without a registry.
 */
import { resolve } from 'node:path';
import { unreachable } from '#core/assert.ts';
import type { ByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { JsonValue } from '#core/json.ts';
import { parsePathPlace } from '#core/place.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import { familiarReference, parseReference, withDefaultTag } from '#core/reference.ts';
import { originKey } from '../cache-key.ts';
import { folderTree, requireFolder } from '../context.ts';
import { scannerOf } from '../context-scan.ts';
import { planCopy } from '../copy-plan.ts';
import { EMPTY_TREE } from '../empty-tree.ts';
import type { FileTree } from '../file-tree.ts';
import { isRemoteContext } from '../git-url.ts';
import { readIgnore } from '../ignore-file.ts';
import { findFetched, keepFetched } from '../ops/fetched-layer.ts';
import type { BuildSession } from '../session.ts';
import { sourcesDigest } from '../sources.ts';
import { stageTree } from '../stage-tree.ts';
import { imageState, type StageLayer, type StageState, scratchState } from '../state.ts';
import { contextFailure } from './context-failure.ts';

/** Where files are taken from. */
export interface FilePlace {
  /** Known without content; undefined for a folder. */
  readonly definition?: JsonValue;
  /** The caller disposes it. */
  readonly open: () => Promise<FileTree & Disposable>;
}

type Opened =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'state'; readonly state: StageState };

export class NamedContexts {
  readonly #session: BuildSession;
  readonly #values: ReadonlyMap<string, string>;
  readonly #opened = new Map<string, Promise<Opened>>();

  /** `given`: values by name, as on the command line. */
  constructor(session: BuildSession, given: ReadonlyMap<string, string>) {
    this.#session = session;
    this.#values = new Map([...given].map(([name, value]) => [contextKey(name), value]));
  }

  has(name: string): boolean {
    return name !== 'scratch' && this.#values.size > 0 && this.#values.has(contextKey(name));
  }

  /** Its files; of an image those for the platform. @throws CONTEXT_MISSING, and what fetching throws */
  async files(name: string, platform: Platform): Promise<FilePlace> {
    const opened = await this.#open(name, platform);
    if (opened.kind === 'folder') return { open: async () => treeOf(this.#session, opened.folder) };
    const { state } = opened;
    return { definition: state.definition, open: () => stageTree(this.#session, state) };
  }

  /** The same as what a stage begins with: an image, or the files alone. */
  async state(name: string, platform: Platform): Promise<StageState> {
    const opened = await this.#open(name, platform);
    return opened.kind === 'state' ? opened.state : await folderState(this.#session, opened.folder);
  }

  #open(name: string, platform: Platform): Promise<Opened> {
    const key = contextKey(name);
    const value = this.#values.get(key) ?? '';
    const image = imageValue(value);
    const id = image ? `${key} ${formatPlatform(platform)}` : key;
    const known = this.#opened.get(id);
    if (known !== undefined) return known;
    const opened = image ? this.#image(key, image, platform) : this.#read(value);
    const opening = opened.catch((error: unknown) => {
      throw contextFailure(key, error);
    });
    this.#opened.set(id, opening);
    return opening;
  }

  async #image(name: string, { scheme, rest }: ImageValue, platform: Platform): Promise<Opened> {
    const session = this.#session;
    switch (scheme) {
      case 'docker-image': {
        const reference = withDefaultTag(parseReference(rest));
        return imageOf(await session.resolveBase(reference, { platform, signal: session.signal }));
      }
      case 'oci-layout':
      case 'bundle': {
        const { archiveImage } = await import('./archive-image.ts');
        const place = parsePathPlace(`${scheme}://${rest}`);
        return imageOf(await archiveImage(session, { place, name, platform }));
      }
      default:
        return unreachable(scheme);
    }
  }

  async #read(value: string): Promise<Opened> {
    const session = this.#session;
    if (isRemoteContext(value)) {
      const { remoteLayer } = await import('./remote-context.ts');
      return layerOf(await remoteLayer(session, value));
    }
    requireFolder(value);
    return { kind: 'folder', folder: resolve(value) };
  }
}

interface ImageValue {
  readonly scheme: 'docker-image' | 'oci-layout' | 'bundle';
  readonly rest: string;
}

/** Undefined for files. */
function imageValue(value: string): ImageValue | undefined {
  for (const scheme of ['docker-image', 'oci-layout', 'bundle'] as const) {
    const start = `${scheme}://`;
    if (value.startsWith(start)) return { scheme, rest: value.slice(start.length) };
  }
  return undefined;
}

function imageOf(image: Parameters<typeof imageState>[0]): Opened {
  return { kind: 'state', state: imageState(image) };
}

function layerOf(layer: StageLayer): Opened {
  const definition = originKey('layer', layer.diffId);
  return { kind: 'state', state: { ...scratchState(), layers: [layer], definition } };
}

/** Its own .dockerignore counts; that of the build's context does not. */
function treeOf(session: BuildSession, folder: string): FileTree & Disposable {
  return folderTree(folder, readIgnore({ folder }).matcher, scannerOf(session));
}

async function folderState(session: BuildSession, folder: string): Promise<StageState> {
  using from = treeOf(session, folder);
  const digest = await sourcesDigest({ from, sources: ['/'] }, { owners: false });
  const key = originKey('folder', digest);
  const item = {
    kind: 'node',
    tree: from,
    at: { node: from.root, path: NO_PATH },
    name: NO_PATH,
  } as const;
  const entries = () =>
    planCopy({ items: [item], into: EMPTY_TREE, destination: NO_PATH, isFolder: true });
  const { layer } =
    findFetched(session, key) ??
    (await keepFetched(session, entries(), { keys: [key], description: `context ${folder}` }));
  return { ...scratchState(), layers: [layer], definition: key };
}

const NO_PATH = '' as ByteString;

/** Names are compared as image names are: `alpine` is `alpine:latest`, and case does not count. */
function contextKey(name: string): string {
  const lower = name.toLowerCase();
  try {
    return familiarReference(parseReference(lower)).replace(/:latest$/, '');
  } catch (error) {
    if (isSlipwayError(error)) return lower;
    throw error;
  }
}

/** `NAME=VALUE` words. @throws USAGE */
export function parseContexts(words: readonly string[]): ReadonlyMap<string, string> {
  const contexts = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 0) throw usage(`invalid context value: ${word}, expected key=value`);
    const name = word.slice(0, at);
    if (!/^[\w][\w.:@/-]*$/.test(name))
      throw usage(`invalid context name ${name}: invalid reference format`);
    contexts.set(name, word.slice(at + 1));
  }
  return contexts;
}

function usage(message: string): SlipwayError {
  return new SlipwayError('USAGE', message, {
    hint: 'write NAME=PATH, NAME=docker-image://IMAGE, NAME=oci-layout://PATH:TAG, NAME=bundle://FILE or NAME=URL',
  });
}
