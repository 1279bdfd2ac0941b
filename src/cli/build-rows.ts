/** The rows of `history ls`, under the names that docker buildx uses. Pure. */
import type { BuildStatus, BuildSummary } from '#core/build-record.ts';
import { humanDuration } from './format.ts';
import type { RowKind } from './rows.ts';
import { AS_JSON, goJson, type Struct } from './template/values.ts';

export const BUILD_ROWS: RowKind = {
  subject: 'build',
  headings: {
    Ref: 'BUILD ID',
    Name: 'NAME',
    Status: 'STATUS',
    CreatedAt: 'CREATED AT',
    Duration: 'DURATION',
  },
  columns: ['Ref', 'Name', 'Status', 'CreatedAt', 'Duration'],
};

/** Characters of NAME in a table; it is the end of a name that tells. */
const NAME_WIDTH = 36;

export function buildRows(
  builds: readonly BuildSummary[],
  { nowMs, full }: { readonly nowMs: number; readonly full: boolean },
): readonly Struct[] {
  return builds.map((build) => ({
    Ref: build.ref,
    Name: full ? build.name : shortened(build.name),
    Status: statusWord(build.status),
    CreatedAt: `${humanDuration(Math.max(0, nowMs - build.startedAtMs) / 1000)} ago`,
    Duration: durationText(build, nowMs),
    [AS_JSON]: goJson(new Map(Object.entries(jsonFields(build)))),
  }));
}

/** With builder and node in front, which buildx writes; there is one of each here. */
export function fullRef(ref: string): string {
  return `slipway/slipway/${ref}`;
}

export function statusWord(status: BuildStatus): string {
  return status.charAt(0).toUpperCase() + status.slice(1);
}

/** `1.4s`, `2m  5s`; with a plus as long as it runs. */
export function durationText(
  { status, startedAtMs, endedAtMs }: BuildSummary,
  nowMs: number,
): string {
  if (status === 'running') return `${secondsText(nowMs - startedAtMs)}+`;
  return endedAtMs === undefined ? '' : secondsText(endedAtMs - startedAtMs);
}

function secondsText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  return `${Math.trunc(seconds / 60)}m ${String(Math.trunc(seconds) % 60).padStart(2)}s`;
}

function shortened(name: string): string {
  return name.length <= NAME_WIDTH ? name : `..${name.slice(2 - NAME_WIDTH)}`;
}

function jsonFields(build: BuildSummary): Readonly<Record<string, string | number>> {
  const { ref, name, status, startedAtMs, endedAtMs, steps } = build;
  return {
    ref: fullRef(ref),
    name,
    status: statusWord(status),
    created_at: new Date(startedAtMs).toISOString(),
    ...(endedAtMs === undefined ? {} : { completed_at: new Date(endedAtMs).toISOString() }),
    total_steps: steps.total,
    completed_steps: steps.completed,
    cached_steps: steps.cached,
  };
}
