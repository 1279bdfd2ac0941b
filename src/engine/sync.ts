/**
 * `slipway sync`: keeps repositories of a registry as a mirror file wants them. Each tag is asked for on
 * both sides; what differs is copied as by `copy`. One that fails keeps none of the others back.
 */
import { readFile } from 'node:fs/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import type {
  MirrorEntry,
  MirrorFile,
  SyncFailure,
  SyncRequest,
  SyncResult,
  SyncStep,
} from '#core/mirror.ts';
import { familiarReference, parseReference, type Reference } from '#core/reference.ts';
import type { CallContext } from '#engine.ts';
import { inParallel } from '#image/in-parallel.ts';
import { needFile } from '#image/input-file.ts';
import { destinationOf } from '#image/mirror/destinations.ts';
import { parseMirrorFile } from '#image/mirror/file.ts';
import { selectTags } from '#image/mirror/select-tags.ts';
import type { ImageSource, RepositoryTarget } from '#image/places.ts';
import { putImages } from '#image/put-images.ts';
import { removeTag } from '#image/remove-tag.ts';
import { manifestFor, withManifest } from '#image/some-platforms.ts';
import { subjectOfTag } from '#store/companions.ts';
import { onDisk } from '#store/disk-errors.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import { copyContext } from './copy.ts';
import { openSource } from './open-source.ts';
import { openTarget } from './open-target.ts';
import { catalog } from './remote-names.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

type SyncOptions = CallContext & SyncRequest;

/** Registries answer several questions at once; how many blobs move is another limit. */
const TAGS_AT_ONCE = 4;

/** @throws FILE_MISSING, CONFIG_INVALID (nothing was asked of any registry then) */
export async function sync(
  resources: Resources,
  path: string,
  options: SyncOptions,
): Promise<SyncResult> {
  await needFile(path);
  const file = parseMirrorFile(await onDisk(path, () => readFile(path, 'utf8')), path);
  return await new Mirroring(resources, file, options).run();
}

interface Pair {
  readonly entry: MirrorEntry;
  readonly source: Reference;
  readonly destination: Reference;
}

class Mirroring {
  readonly #resources: Resources;
  readonly #file: MirrorFile;
  readonly #options: SyncOptions;
  readonly #limit: LimitFunction = pLimit(TAGS_AT_ONCE);
  readonly #steps: SyncStep[] = [];
  readonly #failures: SyncFailure[] = [];
  /** Which repositories an entry fills is not known where its registry did not say what it has. */
  #areRepositoriesKnown = false;

  constructor(resources: Resources, file: MirrorFile, options: SyncOptions) {
    this.#resources = resources;
    this.#file = file;
    this.#options = options;
  }

  async run(): Promise<SyncResult> {
    const pairs: Pair[] = [];
    for (const entry of this.#file.entries) {
      await this.#trying(
        entry.origin,
        async () => void pairs.push(...(await this.#pairsOf(entry))),
      );
    }
    this.#areRepositoriesKnown = this.#failures.length === 0;
    // Several entries may fill one repository: only together do they say what is not wanted there.
    const groups = Map.groupBy(pairs, ({ destination }) => familiarReference(destination));
    for (const group of groups.values()) await this.#fill(group);
    return { steps: this.#steps, failures: this.#failures };
  }

  async #pairsOf(entry: MirrorEntry): Promise<readonly Pair[]> {
    const { destination, scoped } = this.#options;
    const naming = scoped ? 'scoped' : this.#file.naming;
    const sources = await this.#sourcesOf(entry);
    return sources.map((source) => ({
      entry,
      source,
      destination: destinationOf(source, entry, { destination, naming }),
    }));
  }

  async #sourcesOf({ source }: MirrorEntry): Promise<readonly Reference[]> {
    if (source.kind === 'repository') return [parseReference(source.name)];
    const { host, list, regex, exclude } = source;
    const isAll = list.length + regex.length === 0;
    const names =
      isAll || regex.length > 0 ? await catalog(this.#resources, host, this.#call()) : [];
    const fits = names.filter((name) => isAll || regex.some((one) => one.test(name)));
    const wanted = [...new Set([...list, ...fits])].filter(
      (name) => !exclude.some((one) => one.test(name)),
    );
    if (wanted.length === 0) throw nothing(`no repository of ${host}`);
    return wanted.map((name) => parseReference(`${host}/${name}`));
  }

  /** One repository of the destination, from all that go there. */
  async #fill(pairs: readonly Pair[]): Promise<void> {
    const [first] = pairs;
    if (!first) return;
    const failed = this.#failures.length;
    const kept = new Map<string, Digest>();
    await using opened = new AsyncDisposableStack();
    await this.#trying(familiarReference(first.destination), async () => {
      const place = { kind: 'registry', reference: first.destination } as const;
      const target = await openTarget(this.#resources, place, this.#options);
      if (target.kind !== 'repository') throw new Error('invariant broken: a registry');
      opened.use(target);
      for (const pair of pairs) {
        await this.#trying(familiarReference(pair.source), () =>
          this.#fillFrom(pair, target, kept),
        );
      }
      const isPruned = this.#options.prune ?? pairs.some(({ entry }) => entry.prune);
      // What could not be looked at is not known to be unwanted.
      const isAllKnown = this.#areRepositoriesKnown && this.#failures.length === failed;
      if (isPruned && isAllKnown) await this.#prune(first, kept);
    });
  }

  async #fillFrom(pair: Pair, target: RepositoryTarget, kept: Map<string, Digest>): Promise<void> {
    const place = { kind: 'registry', reference: pair.source } as const;
    await using source = await openSource(this.#resources, place, this.#options);
    const context = await copyContext(this.#resources, { source, target }, this.#options);
    const tags = await this.#tagsOf(pair, source);
    try {
      await inParallel(tags, this.#options, (tag, { signal }) =>
        this.#limit(() =>
          this.#trying(nameOf(pair.source, tag), async () => {
            const call = { ...context.put, signal };
            kept.set(tag, await this.#bring({ pair, source, target, tag }, call));
          }),
        ),
      );
    } finally {
      context.keep();
    }
  }

  /** Those selected; one that is listed and not there fails by itself. */
  async #tagsOf({ entry, source: name }: Pair, source: ImageSource): Promise<readonly string[]> {
    const { list, regex, semver, exclude } = entry.tags;
    const isListOnly = list.length > 0 && regex.length + semver.length + exclude.length === 0;
    if (isListOnly) return list;
    const all = await Array.fromAsync(source.repository.tags(this.#call()));
    const { selected, missing } = selectTags(all, entry.tags);
    if (selected.length + missing.length > 0) return [...selected, ...missing];
    throw nothing(`no tag of ${familiarReference(name)}`);
  }

  async #bring(
    job: {
      readonly pair: Pair;
      readonly source: ImageSource;
      readonly target: RepositoryTarget;
      readonly tag: string;
    },
    put: Parameters<typeof putImages>[2],
  ): Promise<Digest> {
    const { pair, source, target, tag } = job;
    const { dryRun = false, all = false } = this.#options;
    const { entry, destination } = pair;
    const call = put.signal ? { signal: put.signal } : {};
    const raw = entry.platforms
      ? await manifestFor(source.repository, tag, entry.platforms, call)
      : undefined;
    const digest = raw?.digest ?? (await source.repository.resolve(tag, call)).digest;
    const isDigest = tag.includes(':');
    const there = await resolvedIn(target.repository, isDigest ? digest : tag, call);
    const action = there === digest ? 'keep' : there === undefined ? 'copy' : 'update';
    if (!dryRun && (action !== 'keep' || all)) {
      const from = raw ? withManifest(source.repository, raw) : source.repository;
      const { noReferrers } = entry;
      const tags = isDigest ? [] : [tag];
      await putImages(target, [{ from, selector: digest, tags, noReferrers }], put);
    }
    const [from, to] = [nameOf(pair.source, tag), nameOf(destination, tag)];
    this.#done({ action, from, to, digest });
    return digest;
  }

  /** Tags that nobody selected, and the signatures of what they named. */
  async #prune({ destination }: Pair, kept: ReadonlyMap<string, Digest>): Promise<void> {
    if (kept.size === 0) return;
    const { dryRun = false } = this.#options;
    const access = { ...this.#call(), forPush: true };
    await using repository = await remoteRepository(this.#resources, destination, access);
    const call = this.#call();
    const all = await Array.fromAsync(repository.tags(call));
    const wanted = new Set(kept.values());
    const gone = new Set<Digest>();
    const remove = async (tag: string): Promise<void> => {
      const name = nameOf(destination, tag);
      await this.#trying(name, async () => {
        const { digest } = await repository.resolve(tag, call);
        if (!dryRun) await removeTag(repository, tag, call);
        if (subjectOfTag(tag) === undefined && !wanted.has(digest)) gone.add(digest);
        this.#done({ action: 'remove', to: name, digest });
      });
    };
    for (const tag of all) if (subjectOfTag(tag) === undefined && !kept.has(tag)) await remove(tag);
    for (const tag of all) {
      const subject = subjectOfTag(tag);
      if (subject !== undefined && gone.has(subject)) await remove(tag);
    }
  }

  /** What fails is told and kept; being interrupted is no failure of one. */
  async #trying(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!isSlipwayError(error)) throw error;
      const failure = { what, error };
      this.#failures.push(failure);
      this.#options.onFailure?.(failure);
    }
  }

  #done(step: SyncStep): void {
    this.#steps.push(step);
    this.#options.onStep?.(step);
  }

  #call(): CallContext & { readonly events: NonNullable<CallContext['events']> } {
    const { events = ignoreEvents, signal } = this.#options;
    return { events, ...(signal ? { signal } : {}) };
  }
}

/** With a tag or a digest. */
function nameOf(repository: Reference, tag: string): string {
  return `${familiarReference(repository)}${tag.includes(':') ? '@' : ':'}${tag}`;
}

function nothing(what: string): SlipwayError {
  return new SlipwayError('NAME_UNKNOWN', `${what} was selected`, {
    hint: 'look at what there is with "slipway ls", and at the expressions and ranges',
  });
}
