/**
 * `--squash`: the layers of the build as one, over those of the base; history and comment as docker
 * writes them. The layers of the steps stay what the cache knows; the image has the one only.
 */
import { chainIdOf } from '#core/chain-id.ts';
import type { Digest } from '#core/digest.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { squashedEntries } from '#layer/squashed-entries.ts';
import { stepKeys } from './cache-key.ts';
import { findFetched, keepFetched } from './ops/fetched-layer.ts';
import type { BuildSession } from './session.ts';
import { layerFilesOf } from './stage-tree.ts';
import type { StageLayer, StageState } from './state.ts';

/** `imageId`: of the image as it would be otherwise. */
export async function squash(
  session: BuildSession,
  state: StageState,
  imageId: Digest,
): Promise<StageState> {
  const count = state.inherited.layers;
  const layers = state.layers.slice(0, count);
  const own = state.layers.slice(count);
  if (own.length === 0) return state;
  const [only] = own;
  const layer = own.length === 1 && only ? only : await squashed(session, state);
  const comment = state.base ? `merge ${imageId} to ${state.base}` : `create new from ${imageId}`;
  const merge = { ...(state.created ? { created: state.created } : {}), comment };
  const history = state.history.map((entry, i) =>
    i < state.inherited.history ? entry : { ...entry, empty_layer: true },
  );
  return { ...state, layers: [...layers, layer], history: [...history, merge] };
}

async function squashed(session: BuildSession, state: StageState): Promise<StageLayer> {
  const count = state.inherited.layers;
  const diffIds = state.layers.map(({ diffId }) => diffId);
  const below = chainIdOf(diffIds.slice(0, count));
  const key = stepKeys({ kind: 'squash' }).content(below, diffIds.slice(count));
  const known = findFetched(session, key);
  if (known) return known.layer;
  const description = `squashing ${diffIds.length - count} layers`;
  return await session.vertices.run(description, async () => {
    const files = await layerFilesOf(session, state);
    using below = MergedTree.open(files.slice(0, count));
    using whole = MergedTree.open(files);
    const entries = squashedEntries({ below, whole, count });
    return (await keepFetched(session, entries, { keys: [key], description })).layer;
  });
}
