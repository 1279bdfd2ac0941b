/**
 * What the steps of a cache were made of, beside the cache: a layer with one file, which only those read
 * who ask why a step missed. So a miss on a machine that has only the cache is told like one at home.
 */
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { toByteString } from '#core/bytes.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { type JsonValue, ObjectReader, parseJson } from '#core/json.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { writeLayer } from '#layer/layer-writer.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import type { CacheRecord } from '#store/cache-records.ts';
import type { SavedFacts } from '#store/step-facts.ts';
import type { EarlierSteps } from '../explain/explainer.ts';
import { factsIn } from '../explain/miss-reason.ts';
import type { BuildSession } from '../session.ts';

const NAME = toByteString('facts.json');
/** Of all, as text: what is too much is left out, and those steps are told as of an older version. */
const FACTS_BYTES_MAX = 16 * 1024 * 1024;

/** A plain tar in the store; undefined: nothing is known of these steps. */
export async function writeFacts(
  { store, lease, imported }: BuildSession,
  records: readonly CacheRecord[],
): Promise<Descriptor | undefined> {
  // Steps that came from a cache are known by what it says of them.
  const elsewhere = await imported.facts();
  const lines: string[] = [];
  let size = 0;
  for (const { key, description } of records.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const known = store.stepFacts.saved(key) ?? elsewhere.find((facts) => facts.of(key))?.of(key);
    if (!known) continue;
    const { place, facts } = known;
    const line = JSON.stringify({ key, place, description, facts });
    size += Buffer.byteLength(line) + 2;
    if (size > FACTS_BYTES_MAX) break;
    lines.push(line);
  }
  if (lines.length === 0) return undefined;
  await using ingest = await store.blobs(lease).ingest();
  const written = await writeLayer([fileOf(Buffer.from(`[${lines.join(',\n')}]`))], ingest);
  await store.layers.addIndex(written.diffId, written.index);
  return { mediaType: OCI_LAYER, digest: written.diffId, size: written.size };
}

function fileOf(bytes: Buffer): EntrySource {
  const ids = { uid: 0, gid: 0, mode: 0o644, mtime: EPOCH, xattrs: NO_XATTRS };
  return {
    entry: { kind: 'file', path: NAME, size: bytes.byteLength, ...ids },
    content: () => [bytes],
  };
}

export interface CacheFacts extends EarlierSteps {
  /** Of the step under a cache key. */
  of(key: string): Omit<SavedFacts, 'key'> | undefined;
}

/** @throws JSON_INVALID, for facts that are none too */
export function readFacts(layer: LayerFiles): CacheFacts {
  using tree = MergedTree.open([layer]);
  const node = tree.lookup(NAME);
  const bytes = node && node.size <= FACTS_BYTES_MAX ? [...tree.read(node)] : [];
  const list = bytes.length === 0 ? [] : parseJson(Buffer.concat(bytes), 'facts of a cache');
  const steps = new ObjectReader({ list }, 'facts of a cache').objects('list').map((step) => ({
    key: step.string('key'),
    place: step.string('place'),
    description: step.string('description'),
    facts: { ...factsIn(step.raw('facts') ?? null) },
  }));
  const byKey = new Map(steps.map((step) => [step.key, step]));
  return {
    of: (key) => byKey.get(key),
    earlier: ({ place, description }) =>
      steps.filter((step) => step.place === place || step.description === description).map(factsOf),
    hasRecord: (description) => steps.some((step) => step.description === description),
  };
}

function factsOf({ facts }: { readonly facts: JsonValue }): { readonly facts: JsonValue } {
  return { facts };
}
