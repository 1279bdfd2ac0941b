/** Scopes of docker's token protocol (distribution docs/spec/auth/scope): `repository:a/b:pull,push`. */
import { isRepositoryName } from '#core/reference.ts';
import { ACTIONS, type Action } from '#core/registry-config.ts';
import { type Access, isAction } from './access.ts';

/** An entry of a token's `access` claim. */
export interface ScopeEntry {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Several in one text are separated by spaces (OAuth2); what makes no sense is left out. */
export function parseScopes(texts: readonly string[]): readonly ScopeEntry[] {
  return texts
    .flatMap((text) => text.split(' '))
    .flatMap((text) => {
      const parts = /^(repository|registry)(?:\([a-z]+\))?:(.+):([a-z*,]+)$/.exec(text);
      if (!parts) return [];
      const [, type = '', name = '', actions = ''] = parts;
      if (type === 'repository' && !isRepositoryName(name)) return [];
      return [{ type, name, actions: actions.split(',') }];
    });
}

/** The actions an entry asks for; `*` is all of them. */
export function actionsOf({ actions }: ScopeEntry): readonly Action[] {
  return actions.includes('*') ? ACTIONS : actions.filter(isAction);
}

/** As a challenge asks for it. docker wants to pull what it pushes. */
export function scopeFor({ repository, action }: Access): string {
  return `repository:${repository}:${action === 'push' ? 'pull,push' : action}`;
}

/** Clients ask for `registry:catalog:*` where they mean to list repositories. */
export function isForCatalog(entries: readonly ScopeEntry[]): boolean {
  return entries.some(
    ({ type, name, actions }) => type === 'registry' && name === 'catalog' && actions.includes('*'),
  );
}

/** Whether what a token grants covers an access. */
export function limitOf(entries: readonly ScopeEntry[]): (access: Access) => boolean {
  const granted = new Map<string, Set<Action>>();
  for (const entry of entries) {
    if (entry.type !== 'repository') continue;
    const actions = granted.get(entry.name) ?? new Set();
    for (const action of actionsOf(entry)) actions.add(action);
    granted.set(entry.name, actions);
  }
  return ({ repository, action, asked = repository }) =>
    [repository, asked].some((name) => granted.get(name)?.has(action));
}
