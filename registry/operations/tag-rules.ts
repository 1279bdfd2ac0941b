/** Which tags never move, and which never go. */
import type { TagRule } from '#core/registry-config.ts';
import { namePattern } from '../pattern.ts';

export interface TagJudge {
  /** It keeps pointing at what it points at. */
  isImmutable(repository: string, tag: string): boolean;
  /** Neither a client nor retention removes it. */
  isProtected(repository: string, tag: string): boolean;
}

export function tagJudge(rules: readonly TagRule[]): TagJudge {
  const compiled = rules.map((rule) => ({
    ...rule,
    repositories: namePattern(rule.repositories),
    tags: namePattern(rule.tags),
  }));
  const judge =
    (wanted: 'isImmutable' | 'isProtected') =>
    (repository: string, tag: string): boolean =>
      compiled.some(
        (rule) => rule[wanted] && rule.repositories.test(repository) && rule.tags.test(tag),
      );
  return { isImmutable: judge('isImmutable'), isProtected: judge('isProtected') };
}
