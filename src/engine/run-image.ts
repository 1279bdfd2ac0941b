/** `slipway run`: an image's root, a container over it, its exit code; nothing stays. */

import { join, posix } from 'node:path';
import { toByteString } from '#core/bytes.ts';
import type { ContainerNetwork } from '#core/container-network.ts';
import { SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import type { ContainerConfig } from '#core/image-config.ts';
import { hostPlatform } from '#core/platform.ts';
import type { RunOptions, RunResult } from '#engine.ts';
import { resolveImage } from '#image/resolve.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { writeBundle } from '#runtime/bundle.ts';
import { checkLimits } from '#runtime/limits.ts';
import { openNetwork } from '#runtime/network.ts';
import { rootFiles } from '#runtime/root-files.ts';
import type { Runtime } from '#runtime/runtime.ts';
import { securitySpec } from '#runtime/security.ts';
import { containerSpec } from '#runtime/spec.ts';
import { type ResolvedUser, resolveUser } from '#runtime/user.ts';
import { makeFolderIn } from '#snapshot/make-folder.ts';
import type { Snapshotter } from '#snapshot/snapshotter.ts';
import type { Resources } from './resources.ts';

const HOST_NETWORK: ContainerNetwork = { mode: 'host' };

interface RunImage {
  readonly layers: readonly LayerFiles[];
  readonly config: ContainerConfig;
  readonly runtime: Runtime;
  /** The native helper's path. */
  readonly helper: string;
  readonly snapshotter: Snapshotter;
}

/** Finds the image in the local store and runs it. @throws IMAGE_UNKNOWN, and what runImage throws */
export async function runContainer(resources: Resources, options: RunOptions): Promise<RunResult> {
  if (options.limits) checkLimits(options.limits);
  const store = await resources.store();
  await using lease = await store.lease({ purpose: `run ${options.image}` });
  const platform = hostPlatform(process.arch);
  const { config, layers } = await resolveImage(options.image, { store, lease, platform });
  const files: LayerFiles[] = [];
  for (const layer of layers) files.push(await store.layers.ensure(layer, { lease }));
  await using runtime = await resources.runtime();
  const snapshotter = await resources.snapshotter(options.events ?? ignoreEvents);
  const { helper } = resources.settings;
  const image = { layers: files, config: config.config, runtime, snapshotter, helper };
  return await runImage(image, options);
}

/** @throws what Runtime.run throws; USER_UNKNOWN; USAGE without anything to run */
async function runImage(image: RunImage, options: RunOptions): Promise<RunResult> {
  const { runtime, snapshotter, layers, config } = image;
  const id = crypto.randomUUID();
  const args = argsOf(config, options);
  const hostname = options.hostname ?? id.slice(0, 12);
  // An image keeps WORKDIR as it was written; its folder is the clean path.
  const cwd = posix.resolve('/', options.workdir ?? config.WorkingDir ?? '');
  const signals = options.signal ? { signal: options.signal } : {};
  await using snapshot = await snapshotter.prepare(layers, signals);
  using tree = MergedTree.open(layers);
  const user = userOf(tree, options.user ?? config.User ?? '');
  makeFolderIn(snapshot.upper, { tree, path: cwd });
  const { network = HOST_NETWORK } = options;
  await using opened = await openNetwork(network.mode, {
    helper: image.helper,
    file: join(snapshot.bundle, 'network'),
    ...signals,
  });
  const spec = containerSpec({
    args,
    env: envOf(config, { ...options, given: options.env ?? [], user, hostname }),
    cwd,
    user,
    hostname,
    network: network.mode,
    ...(opened.path === undefined ? {} : { networkPath: opened.path }),
    mounts: rootFiles(snapshot.bundle, { hostname, network, isRun: true }),
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.hasTerminal ? { terminal: true } : {}),
    ...securitySpec(options.security ?? {}),
  });
  writeBundle(snapshot.bundle, spec, snapshot.rootfs);
  const { output, hasInput = false, hasTerminal = false } = options;
  const stdio = output
    ? { kind: 'capture' as const, output }
    : { kind: 'inherit' as const, hasInput, hasTerminal };
  return await runtime.run({ id, bundle: snapshot.bundle, stdio, ...signals });
}

/** ENTRYPOINT and CMD; --entrypoint drops the image's CMD, as docker does. */
function argsOf(config: ContainerConfig, { entrypoint, command }: RunOptions): readonly string[] {
  const first =
    entrypoint === undefined ? (config.Entrypoint ?? []) : entrypoint === '' ? [] : [entrypoint];
  const rest = command ?? (entrypoint === undefined ? (config.Cmd ?? []) : []);
  const args = [...first, ...rest];
  if (args.length > 0) return args;
  throw new SlipwayError('USAGE', 'no command specified', {
    hint: 'the image has neither CMD nor ENTRYPOINT: give a command after the image',
  });
}

function userOf(tree: MergedTree, text: string): ResolvedUser {
  return resolveUser(text, {
    passwd: tree.readText(toByteString('etc/passwd')) ?? '',
    group: tree.readText(toByteString('etc/group')) ?? '',
  });
}

/** The image's environment, docker's HOSTNAME, HOME and TERM, then what the user gave. */
function envOf(
  config: ContainerConfig,
  options: {
    readonly given: readonly string[];
    readonly user: ResolvedUser;
    readonly hostname: string;
    readonly hasTerminal?: boolean;
  },
): readonly string[] {
  const env = new Map<string, string>();
  const set = (item: string): void => {
    const at = item.indexOf('=');
    if (at < 0) env.delete(item);
    else env.set(item.slice(0, at), item.slice(at + 1));
  };
  set('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  set(`HOSTNAME=${options.hostname}`);
  if (options.hasTerminal) set('TERM=xterm');
  for (const item of config.Env ?? []) set(item);
  if (!env.has('HOME')) set(`HOME=${options.user.home}`);
  for (const item of options.given) set(item);
  return [...env].map(([name, value]) => `${name}=${value}`);
}
