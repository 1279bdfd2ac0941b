/**
 * SOURCE_DATE_EPOCH and --timestamp where a step came from the cache: it was made when nobody asked for
 * times, so its layer is written again with them, once. The base stays as it is.
 */
import { createReadStream } from 'node:fs';
import type { EntrySource } from '#archive/entry.ts';
import { readTar } from '#archive/tar-read.ts';
import type { ByteString } from '#core/bytes.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { walkTree } from '#layer/tree-entries.ts';
import { stepKeys } from './cache-key.ts';
import { findFetched, keepFetched } from './ops/fetched-layer.ts';
import type { BuildSession } from './session.ts';
import type { StageLayer, StageState } from './state.ts';

/** What becomes of a time, in seconds. */
type Clamp = (seconds: number) => number;

/** The same where no time is asked for. */
export async function clampTimes(session: BuildSession, state: StageState): Promise<StageState> {
  const { sourceDateEpoch: most, exactTimes = false } = session;
  if (most === undefined) return state;
  const clamp: Clamp = exactTimes ? () => most : (seconds) => Math.min(seconds, most);
  const { inherited } = state;
  const layers = state.layers.slice(0, inherited.layers);
  for (const layer of state.layers.slice(inherited.layers)) {
    layers.push(await clampedLayer(session, layer, clamp));
  }
  const history = state.history.map((entry, i) =>
    i < inherited.history || entry.created === undefined
      ? entry
      : { ...entry, created: clampedDate(entry.created, clamp) },
  );
  const { created } = state;
  return {
    ...state,
    layers,
    history,
    ...(created === undefined ? {} : { created: clampedDate(created, clamp) }),
  };
}

/** A time that stays keeps its text. */
function clampedDate(text: string, clamp: Clamp): string {
  const seconds = Date.parse(text) / 1000;
  const wanted = clamp(seconds);
  return wanted === seconds ? text : new Date(wanted * 1000).toISOString();
}

async function clampedLayer(
  session: BuildSession,
  layer: StageLayer,
  clamp: Clamp,
): Promise<StageLayer> {
  const { store, lease, signal, sourceDateEpoch = 0, exactTimes = false } = session;
  const files = await store.layers.ensure(layer, { lease, signal });
  if (!isLater(files, clamp)) return layer;
  const operation = { kind: 'times', seconds: sourceDateEpoch, exact: exactTimes };
  const key = stepKeys(operation).content(undefined, [layer.diffId]);
  const known = findFetched(session, key);
  if (known) return known.layer;
  const description = 'rewriting the times of a layer';
  return await session.vertices.run(description, async () => {
    const entries = clampedEntries(files, clamp);
    return (await keepFetched(session, entries, { keys: [key], description })).layer;
  });
}

function isLater(files: LayerFiles, clamp: Clamp): boolean {
  using tree = MergedTree.open([files]);
  for (const { node } of walkTree(tree, { node: tree.root, path: '' as ByteString })) {
    const { seconds } = node.mtime;
    // A directory that the layer does not describe has no time in it.
    if (node.layer !== undefined && clamp(seconds) !== seconds) return true;
  }
  return false;
}

/** From the tar itself, with all that a tree does not show: whiteouts, links to what is below. */
async function* clampedEntries(
  { tar }: LayerFiles,
  clamp: Clamp,
): AsyncGenerator<EntrySource, void, undefined> {
  for await (const { entry, content } of readTar(createReadStream(tar))) {
    const mtime = { seconds: clamp(entry.mtime.seconds), nanoseconds: 0 };
    yield entry.kind === 'file'
      ? { entry: { ...entry, mtime }, content }
      : { entry: { ...entry, mtime } };
  }
}
