/**
 * Retention: which tags go. A tag stays when no rule speaks of it, when one that does keeps it, or when it
 * is protected. With its last tag an image goes, with what belongs to it; gc then frees the space.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Digest } from '#core/digest.ts';
import type { RetentionRule } from '#core/registry-config.ts';
import { namePattern } from '../pattern.ts';
import type { HeldManifest, HeldTag, RegistryCare, RegistryProvider } from '../provider.ts';
import type { TagJudge } from './tag-rules.ts';

const PAGE = 500;

export interface Removal {
  readonly repository: string;
  /** Absent: a manifest that has none. */
  readonly tag?: string;
  readonly digest: Digest;
  /** For people. */
  readonly why: string;
}

export interface RetentionRun {
  readonly rules: readonly RetentionRule[];
  readonly judge: TagJudge;
  readonly nowMs: number;
  /** Only say what would go. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** What goes, told when it has gone. */
export async function* applyRetention(
  { catalog, care }: Pick<RegistryProvider, 'catalog'> & { readonly care: RegistryCare },
  run: RetentionRun,
): AsyncGenerator<Removal> {
  const rules = run.rules.map(compile);
  for await (const repository of repositories(catalog)) {
    const ours = rules.filter((rule) => rule.repositories.test(repository));
    if (ours.length === 0) continue;
    for (const { why, ...tag } of doomedTags(await all(care, repository, run), ours, run)) {
      if (run.judge.isProtected(repository, tag.tag)) continue;
      run.signal?.throwIfAborted();
      if (!run.dryRun && !(await care.removeTag(repository, tag))) continue;
      yield { repository, tag: tag.tag, digest: tag.digest, why };
      await turn();
    }
    yield* removeLoose(care, repository, { ours, run });
  }
}

interface CompiledRule extends Omit<RetentionRule, 'repositories' | 'tags'> {
  readonly repositories: RegExp;
  readonly tags: RegExp;
}

function compile(rule: RetentionRule): CompiledRule {
  return { ...rule, repositories: namePattern(rule.repositories), tags: namePattern(rule.tags) };
}

/** Tags that a rule speaks of and none keeps, with the reason. Pure. */
function doomedTags(
  tags: readonly HeldTag[],
  rules: readonly CompiledRule[],
  { nowMs }: Pick<RetentionRun, 'nowMs'>,
): readonly (HeldTag & { readonly why: string })[] {
  const kept = new Set<string>();
  const doomed = new Map<string, HeldTag & { readonly why: string }>();
  for (const rule of rules.filter(speaksOfTags)) {
    const newestFirst = tags
      .filter(({ tag }) => rule.tags.test(tag))
      .toSorted((a, b) => b.putAtMs - a.putAtMs || (a.tag < b.tag ? 1 : -1));
    for (const [place, tag] of newestFirst.entries()) {
      if (isKept(tag, place, rule, nowMs)) kept.add(tag.tag);
      else doomed.set(tag.tag, { ...tag, why: reason(tag, rule, nowMs) });
    }
  }
  return [...doomed.values()].filter(({ tag }) => !kept.has(tag));
}

function speaksOfTags({ keepLast, pushedWithinMs, pulledWithinMs }: CompiledRule): boolean {
  return [keepLast, pushedWithinMs, pulledWithinMs].some((value) => value !== undefined);
}

function isKept(tag: HeldTag, place: number, rule: CompiledRule, nowMs: number): boolean {
  const { keepLast = 0, pushedWithinMs = 0, pulledWithinMs = 0 } = rule;
  return (
    place < keepLast ||
    nowMs - tag.putAtMs < pushedWithinMs ||
    nowMs - tag.pulledAtMs < pulledWithinMs
  );
}

function reason(tag: HeldTag, rule: CompiledRule, nowMs: number): string {
  const { keepLast, pushedWithinMs, pulledWithinMs } = rule;
  const pulled = tag.pulledAtMs === 0 ? 'never pulled' : `pulled ${ago(tag.pulledAtMs, nowMs)}`;
  const kept = [
    ...(keepLast === undefined ? [] : [`the last ${keepLast}`]),
    ...(pushedWithinMs === undefined ? [] : [`pushed within ${span(pushedWithinMs)}`]),
    ...(pulledWithinMs === undefined ? [] : [`pulled within ${span(pulledWithinMs)}`]),
  ];
  return `pushed ${ago(tag.putAtMs, nowMs)}, ${pulled}; kept are ${kept.join(', and those ')}`;
}

/** As the rule was written, in the largest unit that fits. */
function span(ms: number): string {
  const seconds = ms / 1000;
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
  ];
  const [size, unit] = units.find(([size]) => seconds % size === 0) ?? [1, 's'];
  return `${seconds / size}${unit}`;
}

function ago(atMs: number, nowMs: number): string {
  const hours = Math.max(0, Math.floor((nowMs - atMs) / 3_600_000));
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

async function* removeLoose(
  care: RegistryCare,
  repository: string,
  { ours, run }: { readonly ours: readonly CompiledRule[]; readonly run: RetentionRun },
): AsyncGenerator<Removal> {
  const times = ours.flatMap(({ untaggedMs }) => untaggedMs ?? []);
  if (times.length === 0) return;
  // Rules keep; the longest counts.
  const keptMs = Math.max(...times);
  const isOld = ({ putAtMs, pulledAtMs }: HeldManifest): boolean =>
    run.nowMs - Math.max(putAtMs, pulledAtMs) >= keptMs;
  let last: string | undefined;
  do {
    const { manifests, next } = await care.loose(repository, { last, limit: PAGE });
    for (const manifest of manifests.filter(isOld)) {
      run.signal?.throwIfAborted();
      if (!run.dryRun && !(await care.removeLoose(repository, manifest))) continue;
      const why = `has had no tag, and was not pulled, for ${span(keptMs)}`;
      yield { repository, digest: manifest.digest, why };
      await turn();
    }
    last = next;
    await turn();
  } while (last !== undefined);
}

async function all(
  care: RegistryCare,
  repository: string,
  { signal }: RetentionRun,
): Promise<readonly HeldTag[]> {
  const tags: HeldTag[] = [];
  for (let last: string | undefined; ; ) {
    signal?.throwIfAborted();
    const page = await care.tags(repository, { last, limit: PAGE });
    tags.push(...page);
    if (page.length < PAGE) return tags;
    last = page.at(-1)?.tag;
    await turn();
  }
}

async function* repositories(catalog: RegistryProvider['catalog']): AsyncGenerator<string> {
  for (let last: string | undefined; ; ) {
    const page = await catalog({ last, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    last = page.at(-1);
  }
}
