/** Patterns of the configuration over names of repositories and tags: globs, or `/regular expressions/`. */
import { repositoryPattern } from './auth/rules.ts';

/** The whole name must match. @throws SyntaxError */
export function namePattern(text: string): RegExp {
  const [, source] = /^\/(.*)\/$/s.exec(text) ?? [];
  return source === undefined ? repositoryPattern(text) : new RegExp(`^(?:${source})$`, 's');
}
