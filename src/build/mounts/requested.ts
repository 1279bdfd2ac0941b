/** The mounts of one RUN with their variables and paths resolved, and what of them the cache key covers. */
import { posix } from 'node:path';
import { unreachable } from '#core/assert.ts';
import { SlipwayError } from '#core/errors.ts';
import type { JsonObject, JsonValue } from '#core/json.ts';
import type { Dockerfile, Operand, RunInstruction } from '#dockerfile/ast.ts';
import type { Owned, RunMount, SecretMount, SshMount } from '#dockerfile/mount.ts';
import { mountPath, parseRunMount } from '#dockerfile/run-mount.ts';
import { expandWord } from '#dockerfile/words.ts';
import { cacheNamespace } from '../args.ts';
import type { FileFacts } from '../file-facts.ts';
import { type Origin, type OriginContext, originOf } from '../origin.ts';
import { sourcesDigest } from '../sources.ts';
import { sourceNames } from '../stage-references.ts';
import { type StageState, workdirOf } from '../state.ts';
import { atPlaceAsync } from '../step-error.ts';

export interface RequestedMount {
  readonly mount: RunMount;
  /** Absolute; absent for a secret that is only a variable. */
  readonly path?: string;
  /** Of bind mounts, and of cache mounts that begin with something. */
  readonly files?: { readonly origin: Origin; readonly source: string };
  /** Where it stands, for errors. */
  readonly operand: Operand;
  readonly dockerfile: Dockerfile;
}

/** @throws DOCKERFILE_INVALID with the place of the mount, and what finding an image throws */
export async function requestedMounts(
  state: StageState,
  instruction: RunInstruction,
  context: OriginContext,
): Promise<readonly RequestedMount[]> {
  const requested: RequestedMount[] = [];
  for (const [number, operand] of instruction.mounts.entries()) {
    requested.push(
      await atPlaceAsync(context.dockerfile, operand, async () => {
        const mount = mountIn(operand.text, state, context);
        const [name] = sourceNames({ ...instruction, mounts: [operand] });
        const hasFiles = mount.type === 'bind' || (mount.type === 'cache' && name !== undefined);
        const path = pathOf(mount, { workdir: workdirOf(state), number });
        return {
          mount: inNamespace(mount, path, cacheNamespace(context.plan.args)),
          operand,
          dockerfile: context.dockerfile,
          ...(path === undefined ? {} : { path }),
          ...(hasFiles
            ? { files: { origin: await originOf(name, context), source: mount.source ?? '/' } }
            : {}),
        };
      }),
    );
  }
  return requested;
}

function inNamespace(
  mount: RunMount,
  path: string | undefined,
  namespace: string | undefined,
): RunMount {
  if (mount.type !== 'cache' || namespace === undefined) return mount;
  return { ...mount, id: `${namespace}/${mount.id ?? path}` };
}

/** What is mounted where, for the key of the step: never a secret, nor what a cache holds. */
export function mountsOperation(mounts: readonly RequestedMount[]): JsonValue {
  return mounts.map(operationOf);
}

function operationOf({ mount, path = '' }: RequestedMount): JsonValue {
  const { type } = mount;
  switch (type) {
    case 'bind':
      return { type, path, readOnly: mount.readOnly };
    case 'cache':
      return { type, path, readOnly: mount.readOnly, ...ownedOperation(mount) };
    case 'tmpfs':
      return { type, path, size: mount.size ?? null };
    case 'secret':
      return { type, path, id: mount.id, env: mount.env ?? '', ...accessOperation(mount) };
    case 'ssh':
      return { type, path, id: mount.id, ...accessOperation(mount) };
    default:
      return unreachable(mount);
  }
}

/** Who may read it makes another step, as in docker; what is not said is not in the key. */
function ownedOperation({ mode, uid, gid }: Owned): JsonObject {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}

function accessOperation(mount: SecretMount | SshMount): JsonObject {
  return { ...ownedOperation(mount), ...(mount.required ? { required: true } : {}) };
}

/** The files they bring along, by content. */
export async function mountsContent(
  mounts: readonly RequestedMount[],
  facts: FileFacts,
): Promise<JsonValue> {
  const digests: JsonValue[] = [];
  for (const { files } of mounts) {
    if (!files) continue;
    using tree = await files.origin.open();
    const sources = [literalSource(files.source)];
    const owners = files.origin.definition !== undefined;
    digests.push(await sourcesDigest({ from: tree, sources }, { owners, facts }));
  }
  return digests;
}

/** The same as far as it is known without reading: what comes of another stage is its definition. */
export async function mountsDefinition(
  mounts: readonly RequestedMount[],
  facts: FileFacts,
): Promise<JsonValue> {
  const inputs: JsonValue[] = [];
  for (const mount of mounts) {
    const { origin, source = null } = mount.files ?? {};
    const definition = origin?.definition;
    inputs.push(
      definition === undefined ? await mountsContent([mount], facts) : { definition, source },
    );
  }
  return inputs;
}

/** A path that is no pattern, whatever is in it. */
export function literalSource(path: string): string {
  return path.replaceAll(/[*?[\\]/g, '\\$&');
}

function mountIn(text: string, state: StageState, { dockerfile }: OriginContext): RunMount {
  const options = { env: state.env, escape: dockerfile.directives.escape };
  const reading = parseRunMount(text, (value) => expandWord(value, options));
  if (reading.kind === 'mount') return reading.mount;
  const problem = reading.kind === 'problem' ? reading.problem : undefined;
  throw new SlipwayError('DOCKERFILE_INVALID', problem?.text ?? `invalid mount ${text}`, {
    hint:
      problem?.hint ??
      'the type of a mount must be known: write type=bind, cache, tmpfs, secret or ssh',
  });
}

function pathOf(
  mount: RunMount,
  { workdir, number }: { readonly workdir: string; readonly number: number },
): string | undefined {
  switch (mount.type) {
    case 'secret':
      if (mount.target !== undefined) return posix.resolve('/', workdir, mount.target);
      return mount.env === undefined ? `/run/secrets/${posix.basename(mount.id)}` : undefined;
    case 'ssh':
      return posix.resolve('/', workdir, mount.target ?? `/run/buildkit/ssh_agent.${number}`);
    default: {
      const placed = mountPath(mount.target, workdir);
      if ('path' in placed) return placed.path;
      throw new SlipwayError('DOCKERFILE_INVALID', placed.error, {
        hint: 'Mount at a folder below the root.',
      });
    }
  }
}
