/** COPY and ADD: finds the sources, plans the entries, writes the layer. No mount, no created file. */
import { rm } from 'node:fs/promises';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { writeLayer } from '#layer/layer-writer.ts';
import { type PackList, UnlistableEntry } from '#layer/pack-list.ts';
import { octalMode, parseMode } from '../chmod.ts';
import { type CopyItem, type CopyRequest, planCopy, planFolder } from '../copy-plan.ts';
import { cleanParts } from '../file-tree.ts';
import type { WrittenLayer } from '../layer-step.ts';
import type { BuildSession } from '../session.ts';
import { type NodeItem, nodesOf, type Sources } from '../sources.ts';
import { stageTree } from '../stage-tree.ts';
import type { StageState } from '../state.ts';

/** Sources of one tree. */
export interface CopyPart extends Sources {
  /** ADD: archives among the sources are unpacked. */
  readonly unpack: boolean;
}

export interface CopyOp {
  /** In order; none when there are heredocs only. */
  readonly parts: readonly CopyPart[];
  readonly heredocs: readonly { readonly name: string; readonly content: string }[];
  /** Expanded, absolute, as written otherwise (a trailing slash counts). */
  readonly destination: string;
  /** `--chown` as written. */
  readonly chown?: string;
  readonly chmod?: string;
  /** `--link`: nothing of the stage is looked at, so the destination's folders are always new. */
  readonly isDetached: boolean;
}

/** @throws SOURCE_MISSING, COPY_REFUSED, LINK_LOOP */
export async function copyOp(
  session: BuildSession,
  state: StageState,
  op: CopyOp,
): Promise<WrittenLayer> {
  using into = await stageTree(session, op.isDetached ? { layers: [] } : state);
  if (op.isDetached) refuseName(op.chown);
  const owner = op.chown === undefined ? undefined : into.owner(op.chown);
  await using stack = new AsyncDisposableStack();
  const items = await itemsOf(session, op, stack);
  const request: CopyRequest = {
    items,
    into,
    destination: cleanParts(toByteString(op.destination)).join('/') as ByteString,
    isFolder: /(^|\/)\.?$/.test(op.destination),
    ...(owner === undefined ? {} : { owner }),
    ...chmodOf(op),
  };
  const { list, newest } = listOf(session, request);
  const layer = (await packed(session, list)) ?? (await written(session, request));
  return { ...layer, newest };
}

/** What is to be packed, and the newest time in it. */
interface DatedList {
  readonly list: PackList;
  readonly newest: number;
}

/** A folder as it was scanned where that will do, else entry by entry. */
function listOf({ sourceDateEpoch }: BuildSession, request: CopyRequest): DatedList {
  const plan = planFolder(request);
  const records = plan?.scanned.found.records;
  const entries = plan && records ? plan.entries : planCopy(request);
  const newest = entries.reduce((most, { entry }) => Math.max(most, entry.mtime.seconds), 0);
  const list = { entries: clamped(entries, sourceDateEpoch) };
  if (!plan || !records) return { list, newest };
  return {
    newest: Math.max(newest, plan.scanned.found.newest),
    list: {
      ...list,
      folder: {
        ...plan.scanned,
        ...(request.owner ?? { uid: 0, gid: 0 }),
        records,
        destination: plan.target,
        ...(sourceDateEpoch === undefined ? {} : { mtimeMax: sourceDateEpoch }),
      },
    },
  };
}

/** By the helper; undefined where there is none, or something of the list is not for it. */
async function packed(
  { store, lease, helper, signal }: BuildSession,
  list: PackList,
): Promise<WrittenLayer | undefined> {
  const { paths } = store;
  const files = { tar: paths.temporary('ingest'), index: paths.temporary('ingest') };
  try {
    const made = await helper.packList({ list, output: files.tar, index: files.index, signal });
    await store.layers.adopt(made, files, lease);
    return { diffId: made.digest, size: made.size };
  } catch (error) {
    if (error instanceof UnlistableEntry || isSlipwayError(error, 'HELPER_MISSING'))
      return undefined;
    throw error;
  } finally {
    for (const file of Object.values(files)) await rm(file, { force: true });
  }
}

/** Here. */
async function written(session: BuildSession, request: CopyRequest): Promise<WrittenLayer> {
  const { store, lease, sourceDateEpoch } = session;
  await using ingest = await store.blobs(lease).ingest();
  const entries = clamped(planCopy(request), sourceDateEpoch);
  const { diffId, size, index } = await writeLayer(entries, ingest);
  await store.layers.addIndex(diffId, index);
  return { diffId, size };
}

/** A layer that stands alone has no accounts; only root is root in any image. @throws COPY_REFUSED */
function refuseName(chown = ''): void {
  const name = chown.split(':').find((part) => !/^(\d*|root)$/.test(part));
  if (name === undefined) return;
  throw new SlipwayError('COPY_REFUSED', `invalid user index: -1: --link knows no user "${name}"`, {
    hint: 'give numbers to --chown, or take --link away: it makes the layer without looking at the image',
  });
}

/** A symbolic mode says nothing of folders that are not there yet. */
function chmodOf({ chmod }: CopyOp): Pick<CopyRequest, 'chmod' | 'newFolderMode'> {
  if (chmod === undefined) return {};
  const newFolderMode = octalMode(chmod);
  return { chmod: parseMode(chmod), ...(newFolderMode === undefined ? {} : { newFolderMode }) };
}

function* clamped<T extends { readonly entry: { readonly mtime: { readonly seconds: number } } }>(
  entries: readonly T[],
  epoch: number | undefined,
): Iterable<T> {
  for (const source of entries) {
    if (epoch === undefined || source.entry.mtime.seconds <= epoch) yield source;
    else yield { ...source, entry: { ...source.entry, mtime: { seconds: epoch, nanoseconds: 0 } } };
  }
}

async function itemsOf(
  session: BuildSession,
  op: CopyOp,
  stack: AsyncDisposableStack,
): Promise<CopyItem[]> {
  const items: CopyItem[] = [];
  for (const part of op.parts) {
    for (const item of nodesOf(part)) {
      items.push(part.unpack ? await unpacked(session, item, stack) : item);
    }
  }
  for (const { name, content } of op.heredocs) {
    items.push({ kind: 'bytes', name: toByteString(name), bytes: Buffer.from(content) });
  }
  return items;
}

/** An archive's content instead of the archive. */
async function unpacked(
  session: BuildSession,
  item: NodeItem,
  stack: AsyncDisposableStack,
): Promise<NodeItem> {
  if (item.at.node.kind !== 'file') return item;
  const { archiveTree } = await import('./add-archive.ts');
  const tree = await archiveTree(session, item, stack);
  if (!tree) return item;
  return { ...item, tree, at: { node: tree.root, path: '' as ByteString }, unpacked: true };
}
