/** Reads what was written of builds: records as they are, and steps and warnings from their logs. */
import type {
  BuildDetails,
  BuildStepRecord,
  BuildSummary,
  StepCounts,
} from '#core/build-record.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { EventLineReader } from '#core/event-lines.ts';
import type { DiagnosticEvent, Event, NoteEvent, VertexEvent } from '#core/events.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { positionAt } from '#core/source.ts';
import { logLines } from '#store/build-log.ts';
import type { StoredBuild } from '#store/build-records.ts';
import type { LocalStore } from '#store/local-store.ts';
import { factsIn, missReason } from '../explain/miss-reason.ts';
import { type MissedStepLine, parseMissedLine } from './missed-line.ts';

/** Newest first. */
export async function buildSummaries(store: LocalStore): Promise<readonly BuildSummary[]> {
  const summaries: BuildSummary[] = [];
  for (const build of store.builds.list()) summaries.push(await summaryOf(store, build));
  return summaries;
}

/** `ref`: as BuildRecords.find has it. @throws BUILD_UNKNOWN */
export async function buildDetails(store: LocalStore, ref: string): Promise<BuildDetails> {
  const build = store.builds.find(ref);
  const summary = await summaryOf(store, build);
  const log = await readLog(store.paths.buildLog(build.ref));
  return {
    ...summary,
    stepList: stepsOf(log, { store, isRunning: build.status === 'running' }),
    warnings: log.warnings.map(warningText),
  };
}

/** Gives every event of a build to `sink`; when their clock was 0. @throws BUILD_UNKNOWN */
export async function replayBuild(
  store: LocalStore,
  ref: string,
  start: (originMs: number) => (event: Event) => void,
): Promise<void> {
  const reader = new EventLineReader();
  let sink: ((event: Event) => void) | undefined;
  for await (const line of logLines(store.paths.buildLog(store.builds.find(ref).ref))) {
    sink ??= start(originIn(line));
    const event = eventIn(reader, line);
    if (event) sink(event);
  }
}

async function summaryOf(store: LocalStore, build: StoredBuild): Promise<BuildSummary> {
  const { ref, status, startedAtMs, endedAtMs, failedRoot, document } = build;
  const logFile = store.paths.buildLog(ref);
  const { failedImage, steps = await countedSteps(logFile), ...inputs } = document;
  return {
    ...inputs,
    ref,
    status,
    startedAtMs,
    steps,
    logFile,
    ...(endedAtMs === undefined ? {} : { endedAtMs }),
    ...(failedRoot === undefined || failedImage === undefined ? {} : { failedImage }),
  };
}

/** Of a build that did not come to its end, or has not yet. */
async function countedSteps(logFile: string): Promise<StepCounts> {
  const { starts, ends } = await readLog(logFile);
  const outcomes = [...ends.values()].map(({ outcome }) => outcome);
  const cached = outcomes.filter((outcome) => outcome === 'cached').length;
  const completed = cached + outcomes.filter((outcome) => outcome === 'done').length;
  return { total: starts.size, completed, cached };
}

type Of<K extends VertexEvent['kind']> = Extract<VertexEvent, { readonly kind: K }>;

interface ReadLog {
  readonly starts: ReadonlyMap<number, Of<'vertex-started'>>;
  readonly ends: ReadonlyMap<number, Of<'vertex-finished'>>;
  readonly missed: ReadonlyMap<number, MissedStepLine>;
  readonly warnings: readonly (DiagnosticEvent | NoteEvent)[];
}

async function readLog(path: string): Promise<ReadLog> {
  const reader = new EventLineReader();
  const starts = new Map<number, Of<'vertex-started'>>();
  const ends = new Map<number, Of<'vertex-finished'>>();
  const missed = new Map<number, MissedStepLine>();
  const warnings: (DiagnosticEvent | NoteEvent)[] = [];
  for await (const line of logLines(path)) {
    // Output is most of a log, and tells nothing here.
    if (line.startsWith('{"kind":"vertex-log"')) continue;
    const miss = missedIn(line);
    if (miss) missed.set(miss.vertex, miss);
    const event = miss ? undefined : eventIn(reader, line);
    if (event?.kind === 'vertex-started') starts.set(event.vertex, event);
    if (event?.kind === 'vertex-finished') ends.set(event.vertex, event);
    if (event?.kind === 'diagnostic') warnings.push(event);
    if (event?.kind === 'note' && event.level === 'warning') warnings.push(event);
  }
  return { starts, ends, missed, warnings };
}

/** The last line of a killed build may be cut short. */
function eventIn(reader: EventLineReader, line: string): Event | undefined {
  return unlessCut(() => reader.event(line));
}

function missedIn(line: string): MissedStepLine | undefined {
  return unlessCut(() => parseMissedLine(line));
}

function originIn(line: string): number {
  const read = () => new ObjectReader(parseJson(line, 'a log'), 'a log').optionalNumber('originMs');
  return unlessCut(read) ?? 0;
}

function unlessCut<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isSlipwayError(error, 'JSON_INVALID')) return undefined;
    throw error;
  }
}

function stepsOf(
  { starts, ends, missed }: ReadLog,
  { store, isRunning }: { readonly store: LocalStore; readonly isRunning: boolean },
): readonly BuildStepRecord[] {
  const numbers = new Map<Digest, number>();
  for (const { layer, vertex } of missed.values()) if (layer) numbers.set(layer, vertex);
  return [...starts.values()].map(({ vertex, name, atMs }) => {
    const end = ends.get(vertex);
    const miss = missed.get(vertex);
    return {
      number: vertex,
      name,
      state: end ? STATES[end.outcome] : isRunning ? ('running' as const) : ('unfinished' as const),
      ...(end ? { durationMs: end.atMs - atMs } : {}),
      ...(miss ? { missed: reasonOf(store, miss, numbers) } : {}),
    };
  });
}

const STATES = {
  done: 'done',
  cached: 'cached',
  error: 'error',
  cancelled: 'canceled',
} as const satisfies Record<Of<'vertex-finished'>['outcome'], BuildStepRecord['state']>;

function reasonOf(
  { stepFacts }: LocalStore,
  miss: MissedStepLine,
  numbers: ReadonlyMap<Digest, number>,
): string {
  const own = miss.facts ?? (miss.key === undefined ? undefined : stepFacts.of(miss.key));
  const facts = miss.earlier.flatMap((key) => {
    const earlier = key === miss.key ? undefined : stepFacts.of(key);
    return earlier === undefined ? [] : [earlier];
  });
  const isLost = own === undefined || (facts.length === 0 && miss.earlier.length > 0);
  if (isLost && !miss.isForced) return 'the records that would tell are gone';
  return missReason(
    {
      facts: factsIn(own ?? {}),
      isForced: miss.isForced,
      ...(miss.below === undefined ? {} : { below: miss.below }),
    },
    { facts, hasRecord: () => miss.hasRecord },
    (layer) => numbers.get(layer),
  );
}

function warningText(event: DiagnosticEvent | NoteEvent): string {
  if (event.kind === 'note') return event.text;
  const { code, message, range } = event.diagnostic;
  return `${code}: ${message} (line ${positionAt(event.file, range.start).line})`;
}
