/** COPY and ADD as a step: where the sources come from, what the cache keys cover, how it is shown. */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { JsonValue } from '#core/json.ts';
import type { AddInstruction, CopyInstruction } from '#dockerfile/ast.ts';
import { expandWord } from '#dockerfile/words.ts';
import { withStageHint } from '../base-images.ts';
import { octalMode } from '../chmod.ts';
import type { FileTree } from '../file-tree.ts';
import { layerStep } from '../layer-step.ts';
import { type CopyOp, copyOp } from '../ops/copy.ts';
import { sourcesDigest } from '../sources.ts';
import type { StageContext } from '../stage.ts';
import { sourceNames, sourceOf } from '../stage-references.ts';
import { stageTree } from '../stage-tree.ts';
import { imageState, type StageState, workdirOf } from '../state.ts';
import { atPlace, atPlaceAsync, withPlace } from '../step-error.ts';
import { stepName } from '../step-name.ts';
import type { Expand } from './metadata.ts';

type FileInstruction = CopyInstruction | AddInstruction;

interface FileStepContext extends StageContext {
  readonly expand: Expand;
}

/** The place sources are read from, opened only when content is needed. */
interface Origin {
  /** Known without content: the stage's definition key; undefined for the context. */
  readonly definition?: string;
  /** The caller disposes it. */
  readonly open: () => Promise<FileTree & Disposable>;
}

/** @throws SOURCE_MISSING, COPY_REFUSED, DOCKERFILE_INVALID … */
export async function fileStep(
  state: StageState,
  instruction: FileInstruction,
  context: FileStepContext,
): Promise<StageState> {
  refuseUnsupported(instruction);
  const { session, expand } = context;
  const sources = instruction.sources.map(expand);
  const written = expand(instruction.destination);
  const destination = absolute(state, written);
  const heredocs = heredocsOf(state, instruction, context);
  const origin = await originOf(instruction, context);
  const chown = instruction.chown ? expand(instruction.chown) : undefined;
  const chmod = (instruction.chmod ? expand(instruction.chmod) : '') || undefined;
  const unpack = instruction.kind === 'add' && instruction.unpack !== false;
  const parents = instruction.kind === 'copy' && instruction.parents;
  const exclude = instruction.exclude.map(({ text }) => text);
  // Docker's rule: a mode needs the plain copy.
  const isDetached = instruction.link && chmod === undefined;
  const label = context.label();
  const digest = memo(async (): Promise<JsonValue> => {
    if (sources.length === 0) return null;
    using from = await origin.open();
    return await sourcesDigest(
      { from, sources, exclude, parents },
      {
        owners: origin.definition !== undefined && chown === undefined,
        modes: chmod === undefined || octalMode(chmod) === undefined,
      },
    );
  });
  const pointing = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => {
      throw pointAtSource(error, instruction, context);
    });
  return layerStep(session, state, {
    name: `${label}${stepName(instruction.source, state, context.dockerfile)}`,
    createdBy: historyOf(instruction, { sources, destination: written, chown, chmod, parents }),
    isDetached,
    operation: {
      kind: 'copy',
      destination,
      chown: chown ?? null,
      chmod: chmod ?? null,
      unpack,
      heredocs: [...heredocs],
      exclude,
      parents,
      link: isDetached,
    },
    inputs:
      origin.definition === undefined
        ? await pointing(digest)
        : { from: origin.definition, sources },
    contentInputs: () => pointing(digest),
    execute: async () => {
      const op: CopyOp = {
        heredocs,
        destination,
        unpack,
        isDetached,
        ...(chown === undefined ? {} : { chown }),
        ...(chmod === undefined ? {} : { chmod }),
      };
      if (sources.length === 0) return copyOp(session, state, op);
      using from = await origin.open();
      return await copyOp(session, state, { ...op, files: { from, sources, exclude, parents } });
    },
  });
}

async function originOf(instruction: FileInstruction, context: FileStepContext): Promise<Origin> {
  const { plan, dockerfile, stage, session } = context;
  const [flag] = sourceNames(instruction);
  if (flag === undefined) return { open: () => context.context.tree() };
  const from = atPlace(dockerfile, flag, () => sourceOf(flag, stage, plan.stages));
  const source =
    from.kind === 'stage'
      ? await context.result(from.index)
      : await atPlaceAsync(dockerfile, flag, async () =>
          imageState(
            await session.resolveBase(from.reference, session.signal).catch((error: unknown) => {
              throw withStageHint(error, flag.text, plan.stages.slice(0, stage.index));
            }),
          ),
        );
  return { definition: source.definition, open: () => stageTree(session, source) };
}

/** Bodies are expanded unless their delimiter was quoted. */
function heredocsOf(
  state: StageState,
  { heredocs }: FileInstruction,
  { dockerfile }: FileStepContext,
): readonly { readonly name: string; readonly content: string }[] {
  const options = { env: state.env, escape: dockerfile.directives.escape, ignoreQuotes: true };
  return heredocs.map(({ name, content, literal }) => ({
    name,
    content: literal ? content : expandWord(content, options),
  }));
}

/** Relative to WORKDIR; a trailing slash, and `.` as the last part, mean a folder. */
function absolute(state: StageState, path: string): string {
  return path.startsWith('/') ? path : `${workdirOf(state).replace(/\/*$/, '')}/${path}`;
}

function historyOf(
  instruction: FileInstruction,
  parts: {
    readonly sources: readonly string[];
    readonly destination: string;
    readonly chown: string | undefined;
    readonly chmod: string | undefined;
    readonly parents: boolean;
  },
): string {
  const flags = [
    ...(parts.parents ? ['--parents'] : []),
    ...(parts.chown === undefined ? [] : [`--chown=${parts.chown}`]),
    ...(parts.chmod === undefined ? [] : [`--chmod=${parts.chmod}`]),
  ];
  const inline = instruction.heredocs.map(({ name }) => `<<${name}`);
  return [
    instruction.kind.toUpperCase(),
    ...flags,
    ...parts.sources,
    ...inline,
    parts.destination,
  ].join(' ');
}

const REMOTE = /^(https?|git|ssh):\/\/|^git@/;

/** What the language itself does not take. */
function refuseMisplaced(instruction: FileInstruction): void {
  const { kind, sources } = instruction;
  if (
    kind === 'copy' &&
    sources.some(({ text }) => /^git@|\.git(#|$)/.test(text) && REMOTE.test(text))
  ) {
    throw new SlipwayError('DOCKERFILE_INVALID', "source can't be a git ref for COPY", {
      hint: 'use ADD for repositories',
    });
  }
  if (kind === 'add' && instruction.checksum && !sources.some(({ text }) => REMOTE.test(text))) {
    throw new SlipwayError('DOCKERFILE_INVALID', 'checksum requires HTTP(S) or Git sources', {
      hint: 'remove --checksum: files of the context are what they are',
    });
  }
}

/** Accepted by the language, not by this version: said, never skipped. */
function refuseUnsupported(instruction: FileInstruction): void {
  refuseMisplaced(instruction);
  const flag = unsupportedFlag(instruction);
  if (flag !== undefined) {
    throw new SlipwayError(
      'SPEC_UNSUPPORTED',
      `${instruction.kind.toUpperCase()} ${flag} is not supported yet`,
      {
        hint: 'remove the flag, or do the same in a RUN step',
      },
    );
  }
  const remote =
    instruction.kind === 'add'
      ? instruction.sources.find(({ text }) => REMOTE.test(text))
      : undefined;
  if (remote) {
    throw new SlipwayError(
      'SPEC_UNSUPPORTED',
      `ADD ${remote.text}: remote sources are not supported yet`,
      {
        hint: 'download the file before the build and ADD it from the context',
      },
    );
  }
}

function unsupportedFlag(instruction: FileInstruction): string | undefined {
  if (instruction.kind === 'copy') return undefined;
  if (instruction.checksum) return '--checksum';
  return instruction.keepGitDir ? '--keep-git-dir' : undefined;
}

/** A missing source points at itself rather than at the whole instruction. */
function pointAtSource(
  error: unknown,
  { sources }: FileInstruction,
  { dockerfile }: FileStepContext,
): unknown {
  if (!isSlipwayError(error, 'SOURCE_MISSING')) return error;
  const { index } = error.detail;
  const operand = typeof index === 'number' ? sources[index] : undefined;
  return operand ? withPlace(error, dockerfile, operand) : error;
}

/** Runs once, at the first call. */
function memo<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
