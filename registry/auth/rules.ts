/**
 * Who may do what: an action is allowed when some rule allows it. There is no rule that forbids, so
 * their order means nothing. Plain data, read from the configuration.
 */
import { ACTIONS, type AccessRules, type Action } from '#core/registry-config.ts';

/** Where none are written down: who signs in may do everything, nobody else anything. */
export const SIGNED_IN_ONLY: AccessRules = {
  groups: {},
  rules: [{ repositories: '**', users: ['*'], actions: ACTIONS }],
};

/** As above, and everybody may pull. */
export const ANONYMOUS_PULL: AccessRules = {
  groups: {},
  rules: [...SIGNED_IN_ONLY.rules, { repositories: '**', users: ['anonymous'], actions: ['pull'] }],
};

export interface Judge {
  allows(user: string | undefined, repository: string, action: Action): boolean;
  /** True when somebody who is not signed in may pull something, so that asking makes sense. */
  readonly welcomesAnonymous: boolean;
}

export function judgeBy({ groups, rules }: AccessRules): Judge {
  const compiled = rules.map((rule) => ({
    names: repositoryPattern(rule.repositories),
    users: new Set([
      ...(rule.users ?? []),
      ...(rule.groups ?? []).flatMap((group) => groups[group] ?? []),
    ]),
    actions: new Set(rule.actions),
  }));
  return {
    allows: (user, repository, action) =>
      compiled.some(
        ({ names, users, actions }) =>
          actions.has(action) && speaksOf(users, user) && names.test(repository),
      ),
    welcomesAnonymous: compiled.some(
      ({ users, actions }) => users.has('anonymous') && actions.has('pull'),
    ),
  };
}

/** The same, and those who are not signed in may do nothing to some repositories, whatever the rules say. */
export function closedTo(judge: Judge, isClosed: (repository: string) => boolean): Judge {
  return {
    ...judge,
    allows: (user, repository, action) =>
      (user !== undefined || !isClosed(repository)) && judge.allows(user, repository, action),
  };
}

function speaksOf(users: ReadonlySet<string>, user: string | undefined): boolean {
  if (users.has('anonymous')) return true;
  return user !== undefined && (users.has(user) || users.has('*'));
}

/** A glob over repository names. */
export function repositoryPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\*\*\/|\*\*|\*|\?|[^*?]+/g, (part) => {
    switch (part) {
      case '**/':
        return '(?:.+/)?';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      default:
        return RegExp.escape(part);
    }
  });
  return new RegExp(`^${source}$`, 's');
}
