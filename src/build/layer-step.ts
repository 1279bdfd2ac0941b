/**
 * A step that makes a layer: look it up by its definition, then by its content, else do it and
 * remember it under both keys.
 */
import { statSync } from 'node:fs';
import { chainIdOf } from '#core/chain-id.ts';
import type { Digest } from '#core/digest.ts';
import type { JsonValue } from '#core/json.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import { type CacheKey, originKey, stepKeys } from './cache-key.ts';
import { type StepFacts, stepFacts } from './explain/step-facts.ts';
import type { FileFacts } from './file-facts.ts';
import type { MissedStepLine } from './history/missed-line.ts';
import { withLayerHistory } from './history.ts';
import { guardLayer } from './mounts/leak-guard.ts';
import { type BuildSession, clampedTimestamp, type MadeLayer, timestamp } from './session.ts';
import type { StageState } from './state.ts';
import type { Vertex } from './vertex.ts';

export interface LayerStep {
  /** `[build 2/4] `. */
  readonly label: string;
  /** As shown behind the label: `RUN make`. */
  readonly name: string;
  /** For the image's history. */
  readonly createdBy: string;
  /** What is done, canonical: everything that can change the result except the inputs. */
  readonly operation: Readonly<Record<string, JsonValue>>;
  /** Definition keys (or content digests, for the context) of what it takes besides its parent. */
  readonly inputs: JsonValue;
  /** Content digests of the same; asked only when the definition misses. */
  readonly contentInputs: () => Promise<JsonValue>;
  /** What they are, file by file; complete when the content was asked for. */
  readonly files: FileFacts;
  readonly execute: (vertex: Vertex) => Promise<WrittenLayer>;
  /** The layer is the same whatever is below it, so another parent is no reason to make it again. */
  readonly isDetached?: boolean;
}

/** A layer that is in the store with its index. */
export interface WrittenLayer {
  readonly diffId: Digest;
  /** Of the plain tar. */
  readonly size: number;
  /** The newest time of what was copied, in seconds. Absent: a command ran, and the layer is of that time. */
  readonly newest?: number;
}

/** The state after the step, from the cache or by doing it. */
export async function layerStep(
  session: BuildSession,
  state: StageState,
  step: LayerStep,
): Promise<StageState> {
  const keys = stepKeys(step.operation);
  const definition = keys.definition(state.definition, step.inputs);
  const below = step.isDetached ? [] : state.layers.map(({ diffId }) => diffId);
  const content = async (): Promise<CacheKey> =>
    keys.content(chainIdOf(below), await step.contentInputs());
  const asked = step.isDetached ? keys.definition(originKey('scratch'), step.inputs) : definition;
  const made = await singleFlight(session, asked, () =>
    findOrMake(session, { step, state }, { definition: asked, content }),
  );
  session.made.add(made.layer.diffId);
  const next = { ...state, layers: [...state.layers, made.layer], definition };
  return withLayerHistory(next, step.createdBy, made.created);
}

function singleFlight(
  session: BuildSession,
  key: CacheKey,
  work: () => Promise<MadeLayer>,
): Promise<MadeLayer> {
  const running = session.inFlight.get(key);
  if (running !== undefined) return running;
  const promise = work();
  session.inFlight.set(key, promise);
  return promise;
}

interface StepKeys {
  readonly definition: CacheKey;
  /** Asked only when the definition misses: it may have to read files. */
  readonly content: () => Promise<CacheKey>;
}

async function findOrMake(
  session: BuildSession,
  { step, state }: { readonly step: LayerStep; readonly state: StageState },
  { definition, content }: StepKeys,
): Promise<MadeLayer> {
  const byDefinition = await find(session, step, definition);
  if (byDefinition) return hit(session, step, byDefinition);
  const contentKey = await content();
  const byContent = await find(session, step, contentKey);
  if (byContent) {
    const made = hit(session, step, byContent);
    save(session, definition, { made, description: step.createdBy });
    return made;
  }
  const facts = once(async () => stepFacts(state, { ...step, files: await step.files.all() }));
  const place = step.label.replace(/\/\d+\]/, ']');
  const missed = missedStep(session, state, { place, description: step.createdBy });
  const { diffId, size, newest } = await session.jobs(() => {
    session.signal.throwIfAborted();
    return session.vertices.run(step.label + step.name, async (vertex) => {
      const { number } = vertex;
      if (session.explainer) explain(session, state, { step, facts: await facts(), place, number });
      try {
        // What the step takes is written down while others do it.
        const [written] = await Promise.all([step.execute(vertex), facts()]);
        refuseLeaks(session, written.diffId);
        session.explainer?.made(number, written.diffId);
        const made = { key: definition, layer: written.diffId };
        session.recorder.missed({ ...missed, ...made, vertex: number });
        return written;
      } catch (error) {
        session.recorder.missed({ ...missed, vertex: number, facts: { ...(await facts()) } });
        throw error;
      }
    });
  });
  session.steps.run += 1;
  const made: MadeLayer = {
    layer: { diffId, descriptor: { mediaType: OCI_LAYER, digest: diffId, size } },
    created: newest === undefined ? timestamp(session) : clampedTimestamp(session, newest),
  };
  if (session.trial !== undefined) return made;
  for (const key of [definition, contentKey]) {
    save(session, key, { made, description: step.createdBy });
  }
  session.store.stepFacts.save({ key: definition, place, facts: { ...(await facts()) } });
  // A RUN may have written to folders of cache mounts, too.
  await session.cap?.grown(step.operation.kind === 'run' ? undefined : size);
  return made;
}

/** For the history: what there was to compare it with, before its own record is there. */
function missedStep(
  { noCache, store: { stepFacts: known } }: BuildSession,
  state: StageState,
  step: { readonly place: string; readonly description: string },
): Pick<MissedStepLine, 'isForced' | 'below' | 'earlier' | 'hasRecord'> {
  const below = state.layers.at(-1)?.diffId;
  const earlier = noCache ? [] : known.earlierKeys(step);
  return {
    isForced: noCache,
    earlier,
    hasRecord: earlier.length > 0 || (!noCache && known.hasRecord(step.description)),
    ...(below === undefined ? {} : { below }),
  };
}

function once<T>(work: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => {
    result ??= { value: work() };
    return result.value;
  };
}

function explain(
  { explainer, noCache }: BuildSession,
  state: StageState,
  missed: {
    readonly step: LayerStep;
    readonly facts: StepFacts;
    readonly place: string;
    readonly number: number;
  },
): void {
  const { step, facts, place, number } = missed;
  const below = state.layers.at(-1)?.diffId;
  explainer?.missed({
    ...{ number, name: step.label + step.name, place, facts, isForced: noCache },
    description: step.createdBy,
    ...(below === undefined ? {} : { below }),
  });
}

/**
 * Before anything remembers the layer, or takes it from the cache: COPY may take the very file, RUN what
 * another step left, and a cached step may have been run when the secret was none.
 */
function refuseLeaks({ secrets, store, lease }: BuildSession, diffId: Digest): void {
  const all = [...secrets.all()].filter(([, bytes]) => !store.guarded.isClean(diffId, bytes));
  const files = all.length > 0 ? store.layers.files(diffId, lease) : undefined;
  if (!files) return;
  guardLayer(files, new Map(all));
  store.guarded.remember(
    diffId,
    all.map(([, bytes]) => bytes),
  );
}

function hit(session: BuildSession, step: LayerStep, made: MadeLayer): MadeLayer {
  refuseLeaks(session, made.layer.diffId);
  session.steps.cached += 1;
  session.vertices.cached(step.label + step.name);
  return made;
}

async function find(
  session: BuildSession,
  step: LayerStep,
  key: CacheKey,
): Promise<MadeLayer | undefined> {
  if (session.noCache) return undefined;
  const here = findHere(session, key);
  if (here && isFresh(session, step, here)) return here;
  const imported = await session.imported.find(key);
  return imported && isFresh(session, step, imported) ? imported : undefined;
}

/** What other steps make depends on nothing but what is in their keys. */
function isFresh(
  { cacheTtlMs, now }: BuildSession,
  { operation }: LayerStep,
  { madeAtMs }: MadeLayer,
): boolean {
  if (cacheTtlMs === undefined || madeAtMs === undefined || operation.kind !== 'run') return true;
  return now().getTime() - madeAtMs < cacheTtlMs;
}

function findHere(session: BuildSession, key: CacheKey): MadeLayer | undefined {
  const record = session.store.records.find(key, session.lease);
  if (!record?.diffId) return undefined;
  // A plain tar's digest is its diffID, and find() has just seen the file.
  const { size } = statSync(session.store.paths.blob(record.diffId));
  return {
    layer: {
      diffId: record.diffId,
      descriptor: { mediaType: OCI_LAYER, digest: record.diffId, size },
    },
    created: record.createdAt,
    ...(record.madeAtMs === undefined ? {} : { madeAtMs: record.madeAtMs }),
  };
}

function save(
  session: BuildSession,
  key: CacheKey,
  { made, description }: { readonly made: MadeLayer; readonly description: string },
): void {
  const { layer, created, madeAtMs } = made;
  session.store.records.save({
    key,
    diffId: layer.diffId,
    createdAt: created,
    ...(madeAtMs === undefined ? {} : { madeAtMs }),
    description,
  });
}
