/** COPY and ADD as a step: where the sources come from, what the cache keys cover, how it is shown. */
import { isSlipwayError } from '#core/errors.ts';
import { expandWord } from '#dockerfile/words.ts';
import { octalMode } from '../chmod.ts';
import { FileFacts } from '../file-facts.ts';
import { layerStep } from '../layer-step.ts';
import { copyOp } from '../ops/copy.ts';
import { sourcesDigest } from '../sources.ts';
import { type StageState, workdirOf } from '../state.ts';
import { withPlace } from '../step-error.ts';
import { stepName } from '../step-name.ts';
import { type FileInstruction, type FileStepContext, originsOf } from './file-origins.ts';

/** @throws SOURCE_MISSING, COPY_REFUSED, DOCKERFILE_INVALID … */
export async function fileStep(
  state: StageState,
  instruction: FileInstruction,
  context: FileStepContext,
): Promise<StageState> {
  const { session, expand } = context;
  const sources = instruction.sources.map(expand);
  const written = expand(instruction.destination);
  const destination = absolute(state, written);
  const heredocs = heredocsOf(state, instruction, context);
  const origins = await originsOf(instruction, context);
  const chown = instruction.chown ? expand(instruction.chown) : undefined;
  const chmod = (instruction.chmod ? expand(instruction.chmod) : '') || undefined;
  const parents = instruction.kind === 'copy' && instruction.parents;
  const exclude = instruction.exclude.map(({ text }) => text);
  // Docker's rule: a mode needs the plain copy.
  const isDetached = instruction.link && chmod === undefined;
  const label = context.label(state.env);
  const selection = { exclude, parents };
  const modes = chmod === undefined || octalMode(chmod) === undefined;
  const facts = new FileFacts();
  const contentOf = memo(() =>
    inOrder(origins, async ({ definition = null, isFetched, ...origin }) => {
      if (isFetched) return definition;
      using from = await origin.open();
      const owners = definition !== null && chown === undefined;
      return await sourcesDigest({ ...origin, ...selection, from }, { owners, modes, facts });
    }),
  );
  const pointing = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => {
      throw pointAtSource(error, instruction, context);
    });
  return layerStep(session, state, {
    label,
    name: stepName(instruction.source, state, context.dockerfile),
    files: facts,
    createdBy: historyOf(instruction, { sources, destination: written, chown, chmod, parents }),
    isDetached,
    operation: {
      kind: 'copy',
      destination,
      chown: chown ?? null,
      chmod: chmod ?? null,
      unpack: origins.map(({ unpack }) => unpack),
      heredocs: [...heredocs],
      exclude,
      parents,
      link: isDetached,
    },
    // Of the context nothing is known but its content.
    inputs: origins.every(({ definition }) => definition !== undefined)
      ? origins.map(({ definition = null, sources: taken }) => ({
          definition,
          sources: [...taken],
        }))
      : await pointing(contentOf),
    contentInputs: () => pointing(contentOf),
    execute: async () => {
      using stack = new DisposableStack();
      const parts = await inOrder(origins, async (origin) => ({
        ...origin,
        ...selection,
        from: stack.use(await origin.open()),
      }));
      return await copyOp(session, state, {
        parts,
        heredocs,
        destination,
        isDetached,
        ...(chown === undefined ? {} : { chown }),
        ...(chmod === undefined ? {} : { chmod }),
      });
    },
  });
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

/** One after the other. */
async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
