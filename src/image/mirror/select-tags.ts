/** Which tags of a repository a mirror takes. Pure. */
import semver from 'semver';
import type { TagSelection } from '#core/mirror.ts';
import { subjectOfTag } from '#store/companions.ts';

/** In the order of `tags`; signatures come with what they sign, not by their tags. */
export function selectTags(
  tags: readonly string[],
  selection: TagSelection,
): {
  readonly selected: readonly string[] /** Listed, and not there. */;
  readonly missing: readonly string[];
} {
  const ordinary = tags.filter((tag) => subjectOfTag(tag) === undefined);
  const selected = ordinary.filter((tag) => isSelected(tag, selection));
  return { selected, missing: selection.list.filter((tag) => !tags.includes(tag)) };
}

function isSelected(tag: string, selection: TagSelection): boolean {
  const { list, regex, semver: ranges, exclude } = selection;
  if (exclude.some((one) => one.test(tag))) return false;
  if (list.length + regex.length + ranges.length === 0) return true;
  return (
    list.includes(tag) ||
    regex.some((one) => one.test(tag)) ||
    ranges.some((range) => isInRange(tag, range, selection.prereleases))
  );
}

function isInRange(tag: string, range: string, includePrerelease: boolean): boolean {
  const version = versionOf(tag);
  return version !== undefined && semver.satisfies(version, range, { includePrerelease });
}

/** `v1.2.3`, and what registries are full of besides: `1.2` is 1.2.0, `3` is 3.0.0. */
function versionOf(tag: string): string | undefined {
  const [, major, minor = '0'] = /^v?(\d{1,9})(?:\.(\d{1,9}))?$/.exec(tag) ?? [];
  if (major !== undefined) return `${Number(major)}.${Number(minor)}.0`;
  return semver.valid(tag) ?? undefined;
}

/** Of what `semver` understands. */
export function isRange(text: string): boolean {
  return semver.validRange(text) !== null;
}
