/** A build from Dockerfile to image: read, parse, plan, build the stages, write the image. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { Reference } from '#core/reference.ts';
import type { SourceFile } from '#core/source.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { contextSource, requireFolder } from './context.ts';
import { refuseInvalid } from './diagnostics.ts';
import { writeImage } from './image-output.ts';
import { type BuildPlan, planBuild } from './plan.ts';
import type { BuildSession } from './session.ts';
import { buildStage } from './stage.ts';
import type { StageState } from './state.ts';

export interface BuildRequest {
  /** The context folder. */
  readonly context: string;
  /** Path of the Dockerfile; default `Dockerfile` in the context. */
  readonly dockerfile?: string;
  /** With tags. */
  readonly names: readonly Reference[];
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly target?: string;
}

export interface BuiltImage {
  readonly imageId: Digest;
  readonly manifest: Descriptor;
}

/** Runs a whole build. @throws DOCKERFILE_MISSING, DOCKERFILE_INVALID and whatever a step throws */
export async function build(session: BuildSession, request: BuildRequest): Promise<BuiltImage> {
  requireFolder(request.context);
  const path = resolve(request.dockerfile ?? join(request.context, 'Dockerfile'));
  const dockerfile = await loadDockerfile(session, path);
  const plan = planBuild(dockerfile, {
    buildArgs: request.buildArgs,
    platform: session.platform,
    ...(request.target === undefined ? {} : { target: request.target }),
  });
  noteUnconsumed(session, plan);
  const context = contextSource({
    folder: resolve(request.context),
    dockerfile: path,
    vertices: session.vertices,
  });
  const state = await buildStages(session, plan, context);
  return session.vertices.run('exporting to image', (vertex) =>
    writeImage(session, state, { names: request.names, vertex }),
  );
}

async function loadDockerfile(session: BuildSession, path: string): Promise<Dockerfile> {
  const name = basename(path);
  return session.vertices.run(`[internal] load build definition from ${name}`, async (vertex) => {
    const file: SourceFile = { name, text: await readDockerfile(path) };
    vertex.status(`transferring dockerfile: ${Buffer.byteLength(file.text)}B`, { done: true });
    const dockerfile = parseDockerfile(file);
    refuseInvalid(dockerfile);
    return dockerfile;
  });
}

const noDockerfileAt = (path: string): string =>
  `there is no Dockerfile at ${path}; name it with -f`;

const UNREADABLE: Readonly<
  Record<string, { readonly reason: string; readonly hint: (path: string) => string }>
> = {
  ENOENT: { reason: 'no such file or directory', hint: noDockerfileAt },
  ENOTDIR: { reason: 'not a directory', hint: noDockerfileAt },
  EISDIR: { reason: 'is a directory', hint: noDockerfileAt },
  EACCES: {
    reason: 'permission denied',
    hint: (path) => `make it readable for you: chmod +r ${path}, and +x on the folders above it`,
  },
};

async function readDockerfile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const errno = errnoOf(cause);
    const known = errno === undefined ? undefined : UNREADABLE[errno];
    if (!known) throw cause;
    throw new SlipwayError(
      'DOCKERFILE_MISSING',
      `failed to read dockerfile: open ${basename(path)}: ${known.reason}`,
      { cause, hint: known.hint(path), detail: { path } },
    );
  }
}

function noteUnconsumed(session: BuildSession, { unconsumed }: BuildPlan): void {
  if (unconsumed.length === 0) return;
  session.vertices.note(
    'warning',
    `[Warning] One or more build-args [${unconsumed.join(' ')}] were not consumed`,
  );
}

/** Every needed stage starts at once and waits for others where it needs them; the first failure ends all. */
async function buildStages(
  session: BuildSession,
  plan: BuildPlan,
  context: ReturnType<typeof contextSource>,
): Promise<StageState> {
  const failure = new AbortController();
  const signal = AbortSignal.any([session.signal, failure.signal]);
  const results = new Map<number, Promise<StageState>>();
  const result = (index: number): Promise<StageState> => {
    const known = results.get(index);
    if (known !== undefined) return known;
    const stage = plan.stages[index];
    if (!stage) throw new SlipwayError('INTERNAL', `stage ${index} was not planned`);
    const promise = buildStage({ session: { ...session, signal }, plan, stage, result, context });
    results.set(index, promise);
    return promise;
  };
  const all = [...plan.needed].map((index) =>
    result(index).catch((error: unknown) => {
      failure.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(all);
  if (failure.signal.aborted)
    throw session.signal.aborted ? session.signal.reason : failure.signal.reason;
  return await (settled.length > 0
    ? result(plan.target.index)
    : Promise.reject(new SlipwayError('INTERNAL', 'nothing to build')));
}
