/** The mounts of a RUN made ready: folders and files on this side, and mounts of the container's spec. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import type { MountSpec } from '#core/runtime-spec.ts';
import type { CacheMount, Owned, SecretMount, SshMount } from '#dockerfile/mount.ts';
import { giveOwner } from '#layer/give-owner.ts';
import { onDisk } from '#store/disk-errors.ts';
import { type MountCache, trialId } from '#store/mount-caches.ts';
import { fillMount } from '../cache-transport/mounts-import.ts';
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
  /** Where each goes, all links followed. */
  readonly points: ReadonlyMap<RequestedMount, string>;
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
    };
  }

  async add(request: RequestedMount): Promise<void> {
    const { mount } = request;
    switch (mount.type) {
      case 'tmpfs': {
        const size = mount.size === undefined ? [] : [`size=${mount.size}`];
        const options = ['nosuid', 'nodev', ...size, ...(mount.readOnly ? ['ro'] : [])];
        const destination = this.#pointOf(request);
        this.#mounts.push({ destination, type: 'tmpfs', source: 'tmpfs', options });
        return;
      }
      case 'bind':
        return await this.#bindFiles(request, mount.readOnly);
      case 'cache':
        return this.#bindCache(request, mount);
      case 'secret':
        return await this.#giveSecret(request, mount);
      case 'ssh':
        return await this.#giveAgent(request, mount);
    }
  }

  async #bindFiles(request: RequestedMount, readOnly: boolean): Promise<void> {
    const { files } = request;
    if (!files) return;
    using tree = await files.origin.open();
    const folder = await this.#newFolder();
    const { signal } = this.#session;
    const made = await materialize({ tree, source: files.source, folder, signal });
    this.#bind(request, { source: made.path, readOnly });
  }

  /**
   * Each cache once, and in one order in all builds: steps that want the same ones never wait for each
   * other, nor for themselves.
   */
  async takeCaches(): Promise<void> {
    const { requested, vertex } = this.#options;
    const { store, signal } = this.#session;
    for (const wanted of await wantedCaches(requested, signal)) {
      const { trial } = this.#session;
      const id = trial === undefined ? wanted.id : trialId(wanted.id, trial);
      const onWait = (): void => vertex.status(`waiting for cache mount ${id}, which is in use`);
      const cache = this.#stack.use(
        await store.mountCaches.acquire({
          ...wanted,
          id,
          signal,
          onWait,
          fill: (folder) => fillMount(this.#session, id, folder),
        }),
      );
      for (const request of wanted.requests) this.#caches.set(pathOf(request), cache);
    }
  }

  #bindCache(request: RequestedMount, { readOnly }: CacheMount): void {
    const source = this.#caches.get(pathOf(request))?.folder;
    if (source !== undefined) this.#bind(request, { source, readOnly });
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
    await onDisk(source, () => writeFile(source, bytes, { mode: 0o400 }));
    await own(source, mount, { usual: 0o400, shown: request.path });
    this.#bind(request, { source, readOnly: true });
  }

  async #giveAgent(request: RequestedMount, mount: SshMount): Promise<void> {
    const { agents } = this.#session;
    const agent = Object.hasOwn(agents, mount.id) ? agents[mount.id] : undefined;
    if (agent === undefined) {
      if (mount.required)
        throw this.#missing(request, `unset ssh forward key ${mount.id}`, `--ssh ${mount.id}`);
      return;
    }
    const folder = await this.#newFolder();
    const source = join(folder, 'agent');
    this.#stack.use(await forwardAgent({ agent, folder, name: 'agent' }));
    await own(source, mount, { usual: 0o600, shown: request.path ?? '' });
    this.#bind(request, { source, readOnly: false });
    this.#env.set('SSH_AUTH_SOCK', pathOf(request));
  }

  #bind(
    request: RequestedMount,
    { source, readOnly }: { readonly source: string; readonly readOnly: boolean },
  ): void {
    const options = ['rbind', ...(readOnly ? ['ro'] : [])];
    this.#mounts.push({ destination: this.#pointOf(request), type: 'bind', source, options });
  }

  #pointOf(request: RequestedMount): string {
    return this.#options.points.get(request) ?? pathOf(request);
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

async function own(
  file: string,
  { mode, uid = 0, gid = 0 }: Owned,
  { usual, shown }: { readonly usual: number; readonly shown: string },
): Promise<void> {
  await chmod(file, mode ?? usual);
  await giveOwner(file, { uid, gid, shown });
}

function pathOf({ path = '' }: RequestedMount): string {
  return path;
}
