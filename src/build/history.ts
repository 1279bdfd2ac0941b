/** History lines (image-spec config.md §history) in docker's words, so that `docker history` reads as always. */
import type { HistoryEntry } from '#core/image-config.ts';
import type { StageState } from './state.ts';

const COMMENT = 'slipway.dockerfile.v0';

/** Appends a step that made a layer. No step is older than what it stands on. */
export function withLayerHistory(state: StageState, createdBy: string, made: string): StageState {
  const { created: below = made } = state;
  const created = Date.parse(below) > Date.parse(made) ? below : made;
  const entry: HistoryEntry = { created, created_by: createdBy, comment: COMMENT };
  return { ...state, history: [...state.history, entry], created };
}

/** Appends a step that only changed the config; its time is that of the layer below. */
export function withMetadataHistory(state: StageState, createdBy: string): StageState {
  const entry: HistoryEntry = {
    ...(state.created ? { created: state.created } : {}),
    created_by: createdBy,
    comment: COMMENT,
    empty_layer: true,
  };
  return { ...state, history: [...state.history, entry] };
}

/** Go's `%q` of a string list: `["a" "b"]`. */
export function quotedList(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;
}

/** `|2 a=1 b=2 /bin/sh -c make`: the command with the ARGs it saw in front. */
export function runHistory(state: StageState, command: readonly string[]): string {
  const args = [...state.args.keys()].map(
    (name) => `${name}=${state.env.get(name) ?? state.args.get(name) ?? ''}`,
  );
  const counted = args.length > 0 ? [`|${args.length}`, ...args] : [];
  return `RUN ${[...counted, ...command].join(' ')}`;
}
