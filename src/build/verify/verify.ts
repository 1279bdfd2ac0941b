/**
 * `--verify`: the same build once more, apart from the first, and the first difference between the two.
 * Nothing is taken from the cache, neither steps nor the folders of cache mounts, and nothing that the
 * second one makes is remembered.
 */
import { SlipwayError } from '#core/errors.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import type { BuildSession } from '../session.ts';
import { layerFilesOf } from '../stage-tree.ts';
import { withPlace } from '../step-error.ts';
import { differenceLines } from './difference-text.ts';
import type { TreeDifference } from './layer-difference.ts';
import { type LikelyCause, likelyCause } from './likely-cause.ts';
import type { MadeStep } from './made-step.ts';

/** The first build of two: times alike in both, and steps that are run now, as those of the second. */
export function firstOfTwo(session: BuildSession): BuildSession {
  const { sourceDateEpoch = Math.floor(session.now().getTime() / 1000) } = session;
  return { ...session, sourceDateEpoch, noCache: true, trail: [] };
}

/** @throws NOT_REPRODUCIBLE with the place of the first step that differs, and what the build throws */
export async function verifyBuild(
  session: BuildSession,
  build: (session: BuildSession) => Promise<unknown>,
): Promise<void> {
  const { explainer, ...rest } = session;
  const second: BuildSession = {
    ...rest,
    vertices: session.vertices.named('[verify] '),
    trial: crypto.randomUUID().slice(0, 8),
    trail: [],
    made: new Set(),
    inFlight: new Map(),
    shownBases: new Set(),
    steps: { run: 0, cached: 0 },
  };
  try {
    await build(second);
  } finally {
    await session.store.mountCaches.forgetTrial(second.trial ?? '');
  }
  const before = inOrder(session);
  const after = new Map(inOrder(second).map((step) => [nameOf(step), step]));
  for (const made of second.made) session.leftovers.add(made);
  for (const step of before) {
    const other = after.get(nameOf(step));
    if (other && diffIdOf(step) !== diffIdOf(other)) throw await difference(session, step, other);
  }
  const count = before.length;
  const steps = count === 1 ? 'step' : 'steps';
  session.vertices.note('info', `verified: ${count} ${steps} gave the same layers twice`);
}

/**
 * Stages as they stand in the file: one can only take files from those above it. Of several platforms
 * each has its own steps, in their order.
 */
function inOrder({ trail = [] }: BuildSession): readonly MadeStep[] {
  return trail.toSorted((a, b) => a.stage - b.stage || compare(a.platform, b.platform));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Steps are numbered in their stage. */
function nameOf({ stage, platform, name }: MadeStep): string {
  return `${stage} ${platform} ${name}`;
}

function diffIdOf({ layers }: MadeStep): string | undefined {
  return layers.at(-1)?.diffId;
}

async function difference(
  session: BuildSession,
  before: MadeStep,
  after: MadeStep,
): Promise<unknown> {
  const found = await between(session, before, after);
  const cause = causeOf(before, found);
  for (const line of differenceLines(before, found, cause)) session.vertices.note('info', line);
  const error = new SlipwayError(
    'NOT_REPRODUCIBLE',
    'the build is not reproducible: a step gave another layer the second time',
    {
      hint:
        cause?.fix ?? 'see above what differs; a command that is run twice has to give the same',
      detail: {
        step: before.name,
        layers: [diffIdOf(before), diffIdOf(after)],
        ...(found ? { path: found.first.path } : {}),
      },
    },
  );
  return withPlace(error, before.dockerfile, before.instruction);
}

async function between(
  session: BuildSession,
  before: MadeStep,
  after: MadeStep,
): Promise<TreeDifference | undefined> {
  using a = MergedTree.open(await layerFilesOf(session, before));
  using b = MergedTree.open(await layerFilesOf(session, after));
  const { signal } = session;
  const { treeDifference } = await import('./layer-difference.ts');
  return await treeDifference(a, b, { sharedLayers: before.layers.length - 1, signal });
}

/** What comes from elsewhere is another's doing. */
function causeOf(
  { instruction }: MadeStep,
  found: TreeDifference | undefined,
): LikelyCause | undefined {
  if (instruction.kind === 'add') {
    return {
      why: 'what was fetched, or a file of the context, changed in between',
      fix: 'lock what is fetched with --lock, or give its --checksum',
    };
  }
  if (instruction.kind === 'copy') {
    return {
      why: 'a file of the context changed in between',
      fix: 'leave out what changes by itself in .dockerignore',
    };
  }
  return found && likelyCause(found);
}
