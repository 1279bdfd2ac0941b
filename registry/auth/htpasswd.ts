/**
 * Users in Apache's htpasswd format with bcrypt hashes (`htpasswd -B`, `slipway registry user add`).
 * Other hashes are refused: they are fast to guess, and docker's registry takes none either.
 */
import { compare, hash } from 'bcryptjs';
import { SlipwayError } from '#core/errors.ts';

/** Hashes by user. */
export type Users = ReadonlyMap<string, string>;

/** Ten rounds: about 60 ms, asked once per user and minute (verified.ts). */
const COST = 10;
/** bcrypt sees no more of a password: what two have in common up to there would be the same one. */
const PASSWORD_BYTES_MAX = 72;
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;
/** Compared with where there is no such user, so that both take the same time. */
const NOBODY = '$2b$10$7F2.KqKUWGfp4HfEhWcRIOxiflLkjEEB83IQD93RQ2ngFEFoTS0H.';

/** @throws CONFIG_INVALID with the line */
export function parseHtpasswd(text: string): Users {
  const users = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const [user, hashed] = [line.slice(0, colon), line.slice(colon + 1)];
    if (colon < 1 || !BCRYPT.test(hashed)) {
      throw new SlipwayError('CONFIG_INVALID', `users file, line ${index + 1}: not NAME:BCRYPT`, {
        hint: 'make it with slipway registry user add NAME, or htpasswd -B',
      });
    }
    users.set(user, hashed);
  }
  return users;
}

export function formatHtpasswd(users: Users): string {
  return [...users].map(([user, hashed]) => `${user}:${hashed}\n`).join('');
}

/** Takes as long for an unknown user as for a wrong password. */
export async function isPasswordOf(users: Users, user: string, password: string): Promise<boolean> {
  const hashed = users.get(user);
  const isRight = await compare(password, hashed ?? NOBODY);
  return isRight && hashed !== undefined && Buffer.byteLength(password) <= PASSWORD_BYTES_MAX;
}

/** @throws USAGE for names and passwords that cannot be */
export async function hashPassword(user: string, password: string): Promise<string> {
  if (!/^[^\s:]{1,255}$/.test(user) || user === '*' || user === 'anonymous') {
    throw new SlipwayError('USAGE', `invalid user name: ${JSON.stringify(user)}`, {
      hint: 'use letters and digits; no spaces, no colon, not "anonymous"',
    });
  }
  if (password === '' || Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
    throw new SlipwayError('USAGE', `a password has 1 to ${PASSWORD_BYTES_MAX} bytes`, {
      hint: 'bcrypt looks at no more',
    });
  }
  return await hash(password, COST);
}
