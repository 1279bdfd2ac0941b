/** What each endpoint needs: the one table of permissions. */
import type { Action } from '#core/registry-config.ts';
import type { Route } from '../router.ts';
import type { Requirement } from './access.ts';

const OPEN: Requirement = { kind: 'open' };
const USER: Requirement = { kind: 'user' };
const LIST: Requirement = { kind: 'list' };

/** `asked`: the name in the path, where the route's is another one. */
export function requirementOf(route: Route, method: string, asked?: string): Requirement {
  switch (route.kind) {
    case 'health':
    case 'ready':
    case 'token':
    case 'authority':
    // Says itself who may see what, in words for people.
    case 'web':
      return OPEN;
    case 'metrics':
    case 'base':
    case 'ping-v1':
      return USER;
    case 'catalog':
    case 'search':
      return LIST;
    case 'tags':
    case 'referrers':
      return need(route.name, 'pull', asked);
    case 'manifest':
    case 'blob':
      return need(route.name, actionOf(method), asked);
    case 'uploads':
    case 'upload':
      // Giving up an upload of one's own is part of pushing.
      return need(route.name, 'push', asked);
  }
}

function actionOf(method: string): Action {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return 'pull';
    case 'DELETE':
      return 'delete';
    default:
      return 'push';
  }
}

function need(repository: string, action: Action, asked: string | undefined): Requirement {
  const access = { repository, action, ...(asked === undefined ? {} : { asked }) };
  return { kind: 'access', access };
}
