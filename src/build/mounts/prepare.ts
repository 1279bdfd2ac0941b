/**
 * The mounts of a RUN made ready: folders and files on this side, mounts of the container's spec, and
 * the places they are mounted at. Those come from a folder below all layers, so that no mount point
 * gets into the layer (ADR 5).
 */
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { MountSpec, RootfsLower } from '#core/runtime-spec.ts';
import type { CacheMount, Owned, SecretMount, SshMount } from '#dockerfile/mount.ts';
import type { MountCache } from '#store/mount-caches.ts';
import { type FileTree, joinPath, locateForWrite } from '../file-tree.ts';
import type { BuildSession } from '../session.ts';
import { withPlace } from '../step-error.ts';
import type { Vertex } from '../vertex.ts';
import { forwardAgent } from './agent.ts';
import { materialize } from './materialize.ts';
import type { RequestedMount } from './requested.ts';
import { secretFolder } from './secret-folder.ts';
import { wantedCaches } from './wanted-caches.ts';

export interface PrepareOptions {
  readonly requested: readonly RequestedMount[];
  /** What the container sees below the mounts. */
  readonly tree: FileTree;
  /** A private folder, as long as the container needs it. */
  readonly folder: string;
  /** Told when a cache is somebody else's for now. */
  readonly vertex: Vertex;
}

/** In use until disposed. */
export interface PreparedMounts extends AsyncDisposable {
  readonly mounts: readonly MountSpec[];
  /** Variables that only this step sees. */
  readonly env: ReadonlyMap<string, string>;
  /** To be put below all layers. */
  readonly lowers: readonly RootfsLower[];
}

/** @throws SOURCE_MISSING, SECRET_MISSING, FILE_UNUSABLE, DISK_FULL */
export async function prepareMounts(
  session: BuildSession,
  options: PrepareOptions,
): Promise<PreparedMounts> {
  await using stack = new AsyncDisposableStack();
  const step = new Step(session, options, stack);
  await step.takeCaches();
  // Parents before what is mounted in them.
  const ordered = options.requested.toSorted((a, b) => ((a.path ?? '') < (b.path ?? '') ? -1 : 1));
  for (const request of ordered) await step.add(request);
  const held = stack.move();
  return { ...step.prepared(), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

class Step {
  readonly #session: BuildSession;
  readonly #options: PrepareOptions;
  readonly #stack: AsyncDisposableStack;
  readonly #mounts: MountSpec[] = [];
  readonly #env = new Map<string, string>();
  /** Of all mounts that mean the same one. */
  readonly #caches = new Map<string, MountCache>();
  #points: string | undefined;
  #count = 0;

  constructor(session: BuildSession, options: PrepareOptions, stack: AsyncDisposableStack) {
    this.#session = session;
    this.#options = options;
    this.#stack = stack;
  }

  prepared(): Omit<PreparedMounts, typeof Symbol.asyncDispose> {
    return {
      mounts: this.#mounts,
      env: this.#env,
      lowers: this.#points === undefined ? [] : [{ kind: 'folder', path: this.#points }],
    };
  }

  async add(request: RequestedMount): Promise<void> {
    const { mount, path } = request;
    switch (mount.type) {
      case 'tmpfs': {
        const size = mount.size === undefined ? [] : [`size=${mount.size}`];
        const options = ['nosuid', 'nodev', ...size, ...(mount.readOnly ? ['ro'] : [])];
        const destination = await this.#place(path ?? '', true);
        this.#mounts.push({ destination, type: 'tmpfs', source: 'tmpfs', options });
        return;
      }
      case 'bind':
        return await this.#bindFiles(request, mount.readOnly);
      case 'cache':
        return await this.#bindCache(request, mount);
      case 'secret':
        return await this.#giveSecret(request, mount);
      case 'ssh':
        return await this.#giveAgent(request, mount);
    }
  }

  async #bindFiles({ files, path = '' }: RequestedMount, readOnly: boolean): Promise<void> {
    if (!files) return;
    using tree = await files.origin.open();
    const folder = await this.#newFolder();
    const { signal } = this.#session;
    const made = await materialize({ tree, source: files.source, folder, signal });
    await this.#bind({ source: made.path, path, isFolder: made.isFolder, readOnly });
  }

  /**
   * Each cache once, and in one order in all builds: steps that want the same ones never wait for each
   * other, nor for themselves.
   */
  async takeCaches(): Promise<void> {
    const { requested, vertex } = this.#options;
    const { store, signal } = this.#session;
    for (const wanted of await wantedCaches(requested, signal)) {
      const { id } = wanted;
      const onWait = (): void => vertex.status(`waiting for cache mount ${id}, which is in use`);
      const cache = this.#stack.use(await store.mountCaches.acquire({ ...wanted, signal, onWait }));
      for (const request of wanted.requests) this.#caches.set(pathOf(request), cache);
    }
  }

  async #bindCache(request: RequestedMount, { readOnly }: CacheMount): Promise<void> {
    const path = pathOf(request);
    const source = this.#caches.get(path)?.folder;
    if (source !== undefined) await this.#bind({ source, path, isFolder: true, readOnly });
  }

  async #giveSecret(request: RequestedMount, mount: SecretMount): Promise<void> {
    const bytes = this.#session.secrets.read(mount.id);
    if (!bytes) {
      if (mount.required)
        throw this.#missing(
          request,
          `secret ${mount.id}: not found`,
          `--secret id=${mount.id},src=FILE`,
        );
      return;
    }
    if (mount.env !== undefined) this.#env.set(mount.env, bytes.toString('utf8'));
    if (request.path === undefined) return;
    const source = join(this.#stack.use(await secretFolder()).folder, 'secret');
    await writeFile(source, bytes, { mode: 0o400 });
    await own(source, mount, 0o400);
    await this.#bind({ source, path: request.path, isFolder: false, readOnly: true });
  }

  async #giveAgent(request: RequestedMount, mount: SshMount): Promise<void> {
    const agent = this.#session.agents[mount.id];
    if (agent === undefined) {
      if (mount.required)
        throw this.#missing(request, `unset ssh forward key ${mount.id}`, `--ssh ${mount.id}`);
      return;
    }
    const folder = await this.#newFolder();
    const source = join(folder, 'agent');
    this.#stack.use(await forwardAgent({ agent, folder, name: 'agent' }));
    await own(source, mount, 0o600);
    const { path = '' } = request;
    await this.#bind({ source, path, isFolder: false, readOnly: false });
    this.#env.set('SSH_AUTH_SOCK', path);
  }

  async #bind(bind: {
    readonly source: string;
    readonly path: string;
    readonly isFolder: boolean;
    readonly readOnly: boolean;
  }): Promise<void> {
    const destination = await this.#place(bind.path, bind.isFolder);
    const options = ['rbind', ...(bind.readOnly ? ['ro'] : [])];
    this.#mounts.push({ destination, type: 'bind', source: bind.source, options });
  }

  /** Sees to it that there is something to mount over; gives its real path. */
  async #place(path: string, isFolder: boolean): Promise<string> {
    const { found, missing } = placeIn(this.#options.tree, path);
    const isThere = missing.length === 0;
    if (isThere && (found.node.kind === 'directory') !== isFolder) throw unfit(path, isFolder);
    const real = missing.reduce((at: ByteString, name) => joinPath(at, name), found.path);
    if (missing.length > 0) {
      this.#points ??= await this.#newFolder();
      const point = join(this.#points, displayBytes(real));
      await mkdir(isFolder ? point : dirname(point), { recursive: true });
      if (!isFolder) await writeFile(point, '', { flag: 'a' });
    }
    return `/${displayBytes(real)}`;
  }

  async #newFolder(): Promise<string> {
    this.#count += 1;
    const folder = join(this.#options.folder, `${this.#count}`);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
    return folder;
  }

  #missing({ operand, dockerfile }: RequestedMount, message: string, flag: string): unknown {
    const error = new SlipwayError('SECRET_MISSING', message, {
      hint: `give it to the build with ${flag}, or leave out required in the mount`,
    });
    return withPlace(error, dockerfile, operand);
  }
}

async function own(path: string, { uid = 0, gid = 0, mode }: Owned, usual: number): Promise<void> {
  await chmod(path, mode ?? usual);
  if (uid !== 0 || gid !== 0) await chown(path, uid, gid);
}

function placeIn(tree: FileTree, path: string): ReturnType<typeof locateForWrite> {
  try {
    return locateForWrite(tree, toByteString(path));
  } catch (error) {
    throw isSlipwayError(error, 'PATH_NOT_DIRECTORY') ? unfit(path, true) : error;
  }
}

function unfit(path: string, isFolder: boolean): SlipwayError {
  const problem = isFolder ? 'not a directory' : 'is a directory';
  return new SlipwayError('PATH_NOT_DIRECTORY', `cannot mount at ${path}: ${problem}`, {
    hint: 'a folder is mounted over a folder and a file over a file: choose another target',
  });
}

function pathOf({ path = '' }: RequestedMount): string {
  return path;
}
