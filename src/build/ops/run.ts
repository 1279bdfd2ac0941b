/** RUN: a container over the stage's layers; what it changes becomes the next layer. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outOfMemory } from '#core/container-limits.ts';
import type { NetworkMode } from '#core/container-network.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { MountSpec, RuntimeSpec } from '#core/runtime-spec.ts';
import { writeBundle } from '#runtime/bundle.ts';
import { openNetwork } from '#runtime/network.ts';
import { hostPrivileges } from '#runtime/privileges.ts';
import { rootFiles } from '#runtime/root-files.ts';
import { containerSpec } from '#runtime/spec.ts';
import type { MountPoints, Snapshot } from '#snapshot/snapshotter.ts';
import type { WrittenLayer } from '../layer-step.ts';
import { Masker } from '../mounts/masker.ts';
import { findMountPoints } from '../mounts/mount-points.ts';
import { type PreparedMounts, prepareMounts } from '../mounts/prepare.ts';
import type { RequestedMount } from '../mounts/requested.ts';
import { secretFolder } from '../mounts/secret-folder.ts';
import { maskedForms } from '../mounts/secret-forms.ts';
import { placeVolumes } from '../mounts/volumes.ts';
import type { BuildSession } from '../session.ts';
import { layerFilesOf, type StageTree, stageTree } from '../stage-tree.ts';
import type { StageState } from '../state.ts';
import type { Vertex } from '../vertex.ts';
import { commitUpper } from './commit.ts';
import { afterFailure } from './failed-step.ts';

export interface RunRequest {
  readonly args: readonly string[];
  /** As shown in errors: the command without shell quoting. */
  readonly display: string;
  /** For the image's history. */
  readonly createdBy: string;
  readonly env: ReadonlyMap<string, string>;
  readonly workdir: string;
  /** USER as written; empty for root. */
  readonly user: string;
  readonly hostname: string;
  readonly network: NetworkMode;
  /** `--security=insecure`. */
  readonly isPrivileged: boolean;
  readonly mounts: readonly RequestedMount[];
  /** A heredoc with its own interpreter: a file the command names. */
  readonly script?: { readonly name: string; readonly content: string };
}

/** The host name in every RUN that none was asked for: constant, so that nothing of the machine enters a layer. */
export const RUN_HOSTNAME = 'slipway';

/** Where a heredoc with an interpreter is found. */
export const SCRIPT_FOLDER = '/dev/pipes';

/** @throws RUN_FAILED with `exitCode` in detail, and what the runtime throws */
export async function runOp(
  session: BuildSession,
  state: StageState,
  { request, vertex }: { readonly request: RunRequest; readonly vertex: Vertex },
): Promise<WrittenLayer> {
  const layers = await layerFilesOf(session, state);
  const snapshotter = await session.snapshotter();
  using tree = await stageTree(session, state);
  const points = await findMountPoints(session, request.mounts, tree);
  const volumes = await placeVolumes(session.volumes, tree);
  const { signal } = session;
  const missing = bothOf(points.missing, volumes.missing);
  await using snapshot = await snapshotter.prepare(layers, { signal, missing });
  const options = { request, snapshot, vertex, points: points.real, volumes: volumes.mounts };
  await using mounted = await prepareBundle(session, tree, options);
  const output = maskedOutput(vertex, session.secrets.all().values());
  const failure = await runCommand(session, { request, bundle: snapshot.bundle, output });
  if (failure) {
    const { spec } = mounted;
    const { args, createdBy } = request;
    throw await afterFailure(session, { failure, state, args, createdBy, snapshot, spec });
  }
  const upper = await snapshot.changes(mounted.destinations);
  return await commitUpper(session, { upper, scratch: snapshot.bundle });
}

/** To its end. The failure of the command itself is given; @throws what keeps it from running */
async function runCommand(
  session: BuildSession,
  {
    request,
    bundle,
    output,
  }: {
    readonly request: RunRequest;
    readonly bundle: string;
    readonly output: ReturnType<typeof maskedOutput>;
  },
): Promise<SlipwayError | undefined> {
  const { runtime, signal, limits } = session;
  try {
    const { exitCode, oomKilled = false } = await runtime.run({
      id: `build-${crypto.randomUUID()}`,
      bundle,
      stdio: { kind: 'capture', output: output.add },
      signal,
    });
    output.end();
    if (exitCode === 0) return undefined;
    const limit = oomKilled ? limits?.memory : undefined;
    const { tail } = output;
    return failed(request, { exitCode, tail, ...(limit === undefined ? {} : { limit }) });
  } catch (error) {
    output.end();
    if (!isSlipwayError(error, 'COMMAND_NOT_FOUND', 'COMMAND_NOT_EXECUTABLE')) throw error;
    const exitCode = error.code === 'COMMAND_NOT_FOUND' ? 127 : 126;
    return failed(request, { exitCode, tail: output.tail, cause: error });
  }
}

/** Output on its way to the log and the tail for errors, without the secrets of the build. */
function maskedOutput(vertex: Vertex, secrets: Iterable<Uint8Array>) {
  const forms = maskedForms(secrets);
  const maskers = { stdout: new Masker(forms), stderr: new Masker(forms) };
  const tail = new LogTail();
  const show = (stream: 'stdout' | 'stderr', bytes: Uint8Array): void => {
    if (bytes.byteLength === 0) return;
    tail.add(bytes);
    vertex.log(stream, bytes);
  };
  return {
    tail,
    add: (stream: 'stdout' | 'stderr', bytes: Uint8Array): void =>
      show(stream, maskers[stream].add(bytes)),
    end: (): void => {
      for (const stream of ['stdout', 'stderr'] as const) show(stream, maskers[stream].end());
    },
  };
}

interface Mounted extends PreparedMounts {
  /** The paths that are mounted over. */
  readonly destinations: readonly string[];
  readonly spec: RuntimeSpec;
}

/** The caller disposes it when the container has ended. */
async function prepareBundle(
  session: BuildSession,
  tree: StageTree,
  options: {
    readonly request: RunRequest;
    readonly snapshot: Snapshot;
    readonly vertex: Vertex;
    readonly points: ReadonlyMap<RequestedMount, string>;
    readonly volumes: readonly MountSpec[];
  },
): Promise<Mounted> {
  const { request, snapshot, vertex, points, volumes } = options;
  const user = tree.user(request.user);
  tree.makeFolder(snapshot.upper, request.workdir);
  const network = { ...session.network, mode: request.network };
  const files = rootFiles(snapshot.bundle, { hostname: request.hostname, network });
  await using stack = new AsyncDisposableStack();
  const prepared = stack.use(
    await prepareMounts(session, {
      requested: request.mounts,
      points,
      folder: join(snapshot.bundle, 'mounts'),
      vertex,
    }),
  );
  const env = new Map([...request.env, ...prepared.env]);
  if (!env.has('HOME')) env.set('HOME', user.home);
  const opened = stack.use(
    await openNetwork(request.network, {
      helper: session.helper.program,
      file: join(snapshot.bundle, 'network'),
      signal: session.signal,
    }),
  );
  const spec = containerSpec({
    args: request.args,
    env: [...env].map(([name, value]) => `${name}=${value}`),
    cwd: request.workdir,
    user,
    hostname: request.hostname,
    network: request.network,
    ...(opened.path === undefined ? {} : { networkPath: opened.path }),
    mounts: [
      ...files,
      ...scriptMount(snapshot, request),
      // What the step itself asks for may lie in what it was given.
      ...volumes,
      ...prepared.mounts,
    ],
    ...(session.limits ? { limits: session.limits } : {}),
    ...(request.isPrivileged ? { privileges: hostPrivileges() } : {}),
  });
  // A secret may be among the variables that only this step sees.
  const apart = prepared.env.size > 0 ? stack.use(await secretFolder()) : undefined;
  writeBundle(snapshot.bundle, spec, snapshot.rootfs, {
    ...(apart ? { configFolder: apart.folder } : {}),
  });
  const held = stack.move();
  return {
    ...prepared,
    destinations: spec.mounts.map(({ destination }) => destination),
    spec,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Parents first. */
function bothOf(a: MountPoints, b: MountPoints): MountPoints {
  const merged = (key: keyof MountPoints) => [...new Set([...a[key], ...b[key]])].sort();
  return { folders: merged('folders'), files: merged('files') };
}

function scriptMount(snapshot: Snapshot, { script }: RunRequest): readonly MountSpec[] {
  if (!script) return [];
  const source = join(snapshot.bundle, 'script');
  writeFileSync(source, script.content);
  chmodSync(source, 0o755);
  return [
    {
      destination: `${SCRIPT_FOLDER}/${script.name}`,
      type: 'bind',
      source,
      options: ['bind', 'ro'],
    },
  ];
}

function failed(
  request: RunRequest,
  options: {
    readonly exitCode: number;
    readonly tail: LogTail;
    readonly cause?: SlipwayError;
    /** The memory limit at which the kernel killed a process. */
    readonly limit?: number;
  },
): SlipwayError {
  const { exitCode, tail, cause, limit } = options;
  const hint = cause?.hint ?? (limit === undefined ? HINTS[exitCode] : outOfMemory(limit));
  return new SlipwayError(
    'RUN_FAILED',
    `process "${request.display}" did not complete successfully: exit code: ${exitCode}`,
    {
      ...(cause ? { cause } : {}),
      ...(hint ? { hint } : {}),
      detail: { exitCode, log: tail.text(), ...(limit === undefined ? {} : { oomKilled: true }) },
    },
  );
}

const HINTS: Readonly<Record<number, string>> = {
  126: 'the command exists but cannot be executed: check its mode and its interpreter line',
  127: 'the command was not found: is it installed in an earlier step, and on PATH?',
  137: 'the process was killed (SIGKILL): often too little memory',
};

/** The last output, for the error; the whole of it went to the log already. */
class LogTail {
  static readonly #BYTES_MAX = 16 * 1024;
  #chunks: Uint8Array[] = [];
  #size = 0;

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#size += bytes.byteLength;
    while (this.#size - (this.#chunks[0]?.byteLength ?? 0) > LogTail.#BYTES_MAX) {
      this.#size -= this.#chunks.shift()?.byteLength ?? 0;
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
