/**
 * Where the sources of COPY and ADD are: the context, a stage, an image, a URL, a repository. What is
 * elsewhere is fetched here, before the step is looked up; everything else is opened only when its
 * content is needed.
 */
import { SlipwayError } from '#core/errors.ts';
import type { JsonValue } from '#core/json.ts';
import type { AddInstruction, CopyInstruction } from '#dockerfile/ast.ts';
import type { FileTree } from '../file-tree.ts';
import { isGitUrl, isHttpUrl, parseGitUrl } from '../git-url.ts';
import { gitSource } from '../ops/git-source.ts';
import { httpSource, parseHttpUrl } from '../ops/http-source.ts';
import { originOf } from '../origin.ts';
import type { StageContext } from '../stage.ts';
import { sourceNames } from '../stage-references.ts';
import { stageTree } from '../stage-tree.ts';
import type { StageLayer } from '../state.ts';
import { atPlaceAsync } from '../step-error.ts';
import type { Expand } from './metadata.ts';

export type FileInstruction = CopyInstruction | AddInstruction;

export interface FileStepContext extends StageContext {
  readonly expand: Expand;
}

/** Sources of one place, in order. */
export interface Origin {
  readonly sources: readonly string[];
  /** Index of the first of them among all of the instruction. */
  readonly first: number;
  /** Known without content: a stage's definition key, what was fetched; undefined for the context. */
  readonly definition?: JsonValue;
  /** What was fetched is its own content key. */
  readonly isFetched: boolean;
  /** Archives among them are unpacked. */
  readonly unpack: boolean;
  /** The caller disposes it. */
  readonly open: () => Promise<FileTree & Disposable>;
}

/** @throws DOCKERFILE_INVALID for what docker does not take, and what fetching throws */
export async function originsOf(
  instruction: FileInstruction,
  context: FileStepContext,
): Promise<readonly Origin[]> {
  const sources = instruction.sources.map(context.expand);
  refuseMisplaced(instruction, sources);
  const origins: Origin[] = [];
  for (const [index, source] of sources.entries()) {
    const last = origins.at(-1);
    if (isGitUrl(source) || isHttpUrl(source)) {
      origins.push(await remoteOrigin(instruction, { source, index, context }));
    } else if (last && !last.isFetched) {
      origins[origins.length - 1] = { ...last, sources: [...last.sources, source] };
    } else {
      const unpack = instruction.kind === 'add' && instruction.unpack !== false;
      const place = await originOf(sourceNames(instruction)[0], context);
      origins.push({ ...place, sources: [source], first: index, isFetched: false, unpack });
    }
  }
  return origins;
}

interface RemoteSource {
  readonly source: string;
  readonly index: number;
  readonly context: FileStepContext;
}

async function remoteOrigin(
  instruction: FileInstruction,
  { source, index, context }: RemoteSource,
): Promise<Origin> {
  const { session, dockerfile, expand } = context;
  const operand = instruction.sources[index] ?? instruction.destination;
  const add = instruction.kind === 'add' ? instruction : undefined;
  const checksum = add?.checksum && expand(add.checksum);
  const fetched = await atPlaceAsync(dockerfile, operand, async () =>
    isGitUrl(source)
      ? {
          layer: await gitSource(session, gitWanted(source, { checksum, add })),
          path: '/',
          unpack: false,
        }
      : httpFile(await httpSource(session, { url: parseHttpUrl(source), ...given(checksum) }), add),
  );
  const { layer, path, unpack } = fetched;
  return {
    sources: [path],
    first: index,
    definition: { fetched: layer.diffId, path },
    isFetched: true,
    unpack,
    open: () => stageTree(session, { layers: [layer] }),
  };
}

/** Downloads are unpacked only where the instruction says so. */
function httpFile(
  file: { readonly layer: StageLayer; readonly name: string },
  add: AddInstruction | undefined,
) {
  // The name is no pattern, whatever is in it.
  const path = `/${file.name.replace(/[*?[\\]/g, '\\$&')}`;
  return { layer: file.layer, path, unpack: add?.unpack === true };
}

/** The URL and the flags say the same, or one of them says nothing. @throws DOCKERFILE_INVALID */
function gitWanted(
  source: string,
  flags: { readonly checksum: string | undefined; readonly add: AddInstruction | undefined },
) {
  const url = parseGitUrl(source);
  const { checksum, add } = flags;
  if (checksum !== undefined && url.checksum !== undefined && checksum !== url.checksum) {
    throw invalid(`checksum mismatch "${checksum}" != "${url.checksum}"`, 'give one of the two');
  }
  if (add?.keepGitDir && url.keepGitDir === false) {
    throw invalid('inconsistent keep-git-dir configuration', 'say it in the URL or as a flag');
  }
  return { ...url, ...given(checksum), ...(add?.keepGitDir ? { keepGitDir: true } : {}) };
}

function given(checksum: string | undefined): { readonly checksum?: string } {
  return checksum === undefined ? {} : { checksum };
}

/** What the language itself does not take. */
function refuseMisplaced(instruction: FileInstruction, sources: readonly string[]): void {
  if (instruction.kind === 'copy') {
    if (sources.some(isGitUrl)) {
      throw invalid("source can't be a git ref for COPY", 'use ADD for repositories');
    }
    if (sources.some(isHttpUrl)) {
      throw invalid("source can't be a URL for COPY", 'use ADD for downloads');
    }
    return;
  }
  if (!instruction.checksum) return;
  if (sources.length !== 1) {
    throw invalid("checksum can't be specified for multiple sources", 'use an ADD for each');
  }
  if (!sources.some((source) => isGitUrl(source) || isHttpUrl(source))) {
    throw invalid(
      'checksum requires HTTP(S) or Git sources',
      'remove --checksum: files of the context are what they are',
    );
  }
}

function invalid(message: string, hint: string): SlipwayError {
  return new SlipwayError('DOCKERFILE_INVALID', message, { hint });
}
