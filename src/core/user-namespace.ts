/**
 * What the native `userns` command left in our environment: whether this process was put into a user
 * namespace, which ids it has there, and why not more. Pure.
 */

/** `ranges`: many ids; `single`: the user's own as root, no other; `none`: no namespace. */
export interface UserNamespace {
  readonly ids: 'ranges' | 'single' | 'none';
  /** The errno of what stood in the way; 0 when no system call did. */
  readonly errno: number;
  /** What stood in the way of `ranges`, or of any namespace; empty when nothing did. */
  readonly reason: string;
}

/** The variable that carries it. */
export const USER_NAMESPACE_VARIABLE = 'SLIPWAY_USER_NAMESPACE';

/** Undefined for a text that the helper did not write. */
export function parseUserNamespace(text: string): UserNamespace | undefined {
  const [, ids, errno, reason = ''] = /^(ranges|single|none) (\d{1,4}) (.*)$/s.exec(text) ?? [];
  if (ids !== 'ranges' && ids !== 'single' && ids !== 'none') return undefined;
  return { ids, errno: Number(errno), reason };
}
