/** The rows of `history`, newest step first. Pure. */
import { shortId } from '#core/digest.ts';
import type { HistoryEntry } from '#core/image-config.ts';
import type { ImageDetails } from '#core/local-image.ts';
import { humanSize, timeSince } from './format.ts';
import { type RowKind, rowOf } from './rows.ts';
import type { Struct } from './template/values.ts';

/** Steps have no images of their own, but the last one. */
const MISSING = '<missing>';
const SIZE_DIGITS = 3;
/** Characters of CREATED BY, the ellipsis included. */
const STEP_WIDTH = 45;
/** Go's time before all times. */
const NO_TIME = '0001-01-01T00:00:00Z';

export interface HistoryRow extends Struct {
  readonly ID: string;
}

export interface HistoryRowOptions {
  /** Ages and sizes as people say them. */
  readonly human: boolean;
  /** IDs and steps in full. */
  readonly full: boolean;
  readonly nowMs: number;
}

export function historyRowKind({ human }: Pick<HistoryRowOptions, 'human'>): RowKind {
  return {
    subject: 'history entry',
    headings: {
      ID: 'IMAGE',
      CreatedSince: human ? 'CREATED' : 'CREATED AT',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      Size: 'SIZE',
      Comment: 'COMMENT',
    },
    columns: ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'],
  };
}

export function historyRows(
  image: ImageDetails,
  options: HistoryRowOptions,
): readonly HistoryRow[] {
  const id = options.full ? image.imageId : shortId(image.imageId);
  return stepsOf(image)
    .toReversed()
    .map((step, i) => historyRow(step, i === 0 ? id : MISSING, options));
}

interface Step {
  readonly entry: HistoryEntry;
  readonly sizeBytes: number;
}

/** Each step with the size of its layer; layers that no step tells of come last. */
function stepsOf({ config, layers }: ImageDetails): readonly Step[] {
  const left = layers.map(({ sizeBytes }) => sizeBytes);
  const steps = config.history.map((entry) => ({
    entry,
    sizeBytes: entry.empty_layer ? 0 : (left.shift() ?? 0),
  }));
  return [...steps, ...left.map((sizeBytes) => ({ entry: {}, sizeBytes }))];
}

function historyRow(
  { entry, sizeBytes }: Step,
  id: string,
  { human, full, nowMs }: HistoryRowOptions,
): HistoryRow {
  const createdAt = secondsOf(entry.created);
  const createdBy = (entry.created_by ?? '').replaceAll('\t', ' ');
  const shown = {
    ID: id,
    CreatedSince: human ? timeSince(entry.created, nowMs) : createdAt,
    CreatedAt: createdAt,
    CreatedBy: full ? createdBy : shortened(createdBy),
    Size: human ? humanSize(sizeBytes, SIZE_DIGITS) : String(sizeBytes),
    Comment: entry.comment ?? '',
  };
  return { ...shown, ...rowOf(shown) };
}

/** RFC 3339 without fractions. */
function secondsOf(timestamp: string | undefined): string {
  const atMs = Date.parse(timestamp ?? '');
  return Number.isNaN(atMs) ? NO_TIME : `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

function shortened(text: string): string {
  const characters = [...text];
  if (characters.length <= STEP_WIDTH) return text;
  return `${characters.slice(0, STEP_WIDTH - 1).join('')}…`;
}
