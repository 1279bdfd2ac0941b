/** Who asks, what for, and the answer: the words that all of registry/auth/ shares. */

import { ACTIONS, type Action } from '#core/registry-config.ts';

export function isAction(text: string): text is Action {
  return ACTIONS.some((action) => action === text);
}

/** One thing done to one repository. */
export interface Access {
  readonly repository: string;
  readonly action: Action;
  /** What the client calls it, where that is another name: it asks for a token by it. */
  readonly asked?: string;
}

export interface Identity {
  /** Undefined: nobody signed in. */
  readonly user: string | undefined;
  /** Who says what the user may do: our rules, or the token of a token server. */
  readonly judge: 'rules' | 'token';
  /** No more than this, whatever the rules say: the scope of a token, the actions of a key. */
  readonly limit?: (access: Access) => boolean;
  /** The limit is that of a key: asking for another token changes nothing. */
  readonly isKey?: boolean;
  /** The limit is that of a token for the catalogue: it may list what the rules let its user pull. */
  readonly lists?: boolean;
}

export const ANONYMOUS: Identity = { user: undefined, judge: 'rules' };

/** What a request needs before its endpoint runs. */
export type Requirement =
  /** Nothing: health, the token endpoint. */
  | { readonly kind: 'open' }
  /** To be somebody: the base, where clients find out how to sign in. */
  | { readonly kind: 'user' }
  /** As above, or that all may pull something; the answer shows only what they may pull. */
  | { readonly kind: 'list' }
  | { readonly kind: 'access'; readonly access: Access };
