/**
 * Names of users to numbers, by the texts of an image's /etc/passwd and /etc/group. Pure. Two sets
 * of rules, as in docker: USER (and run --user) must resolve; COPY --chown never fails.
 */
import { SlipwayError } from '#core/errors.ts';

/** The two texts; empty where the image has no such file. */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** The own group, then those of the group file in its order; the own alone when one was named. */
  readonly additionalGids: readonly number[];
  /** What HOME is when nothing else sets it. */
  readonly home: string;
}

export interface ResolvedOwner {
  readonly uid: number;
  readonly gid: number;
}

interface PasswdLine {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupLine {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const ID_MAX = 2 ** 31 - 1;

/**
 * `USER` text: `user`, `uid`, `user:group` and so on; empty means root. A number is always an id:
 * unknown ones are taken as they are, with group 0. @throws USER_UNKNOWN
 */
export function resolveUser(text: string, accounts: Accounts): ResolvedUser {
  const [userText, groupText] = splitUser(text);
  const wantedUid = userText === '' ? 0 : parseId(userText);
  const entry = passwdLines(accounts.passwd).find((line) =>
    wantedUid === undefined ? line.name === userText : line.uid === wantedUid,
  );
  if (!entry && wantedUid === undefined) throw unknownUser(userText);
  const uid = checkId(entry?.uid ?? wantedUid ?? 0);
  const home = entry?.home || '/';
  if (groupText !== '') {
    const gid = resolveGroup(groupText, accounts);
    return { uid, gid, additionalGids: [gid], home };
  }
  const gid = checkId(entry?.gid ?? 0);
  const others = entry ? groupsOf(entry.name, accounts) : [];
  return { uid, gid, additionalGids: [...new Set([gid, ...others])], home };
}

/**
 * `--chown` text. A name that is not known counts as 0, `5` is `5:5`, `name` takes the name's group
 * from passwd, `:group` keeps user 0 and `name:` group 0.
 */
export function resolveOwner(text: string, accounts: Accounts): ResolvedOwner {
  const [userText, groupText] = splitUser(text);
  const user = ownerUser(userText, accounts);
  if (text.endsWith(':')) return { uid: user.uid, gid: 0 };
  const gid = groupText === '' ? undefined : findGroup(groupText, accounts);
  return { uid: user.uid, gid: gid ?? user.gid };
}

function ownerUser(text: string, accounts: Accounts): ResolvedOwner {
  const id = parseId(text);
  if (id !== undefined) return { uid: id, gid: id };
  const entry = passwdLines(accounts.passwd).find(({ name }) => text !== '' && name === text);
  return { uid: entry?.uid ?? 0, gid: entry?.gid ?? 0 };
}

function resolveGroup(text: string, accounts: Accounts): number {
  const gid = findGroup(text, accounts);
  if (gid !== undefined) return checkId(gid);
  throw new SlipwayError(
    'USER_UNKNOWN',
    `unable to find group ${text}: no matching entries in group file`,
    { hint: 'create the group in an earlier RUN, or give its number', detail: { group: text } },
  );
}

/** A number is an id whether the file knows it or not. */
function findGroup(text: string, accounts: Accounts): number | undefined {
  return parseId(text) ?? groupLines(accounts.group).find(({ name }) => name === text)?.gid;
}

function groupsOf(name: string, accounts: Accounts): readonly number[] {
  return groupLines(accounts.group)
    .filter(({ members }) => members.includes(name))
    .map(({ gid }) => gid);
}

function splitUser(text: string): readonly [user: string, group: string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function parseId(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function checkId(id: number): number {
  if (id <= ID_MAX) return id;
  throw new SlipwayError('USER_UNKNOWN', `uids and gids must be in range 0-${ID_MAX}`, {
    hint: 'choose a smaller number',
    detail: { id },
  });
}

function unknownUser(name: string): SlipwayError {
  return new SlipwayError(
    'USER_UNKNOWN',
    `unable to find user ${name}: no matching entries in passwd file`,
    { hint: 'create the user in an earlier RUN, or give its number', detail: { user: name } },
  );
}

/** name:password:uid:gid:gecos:home:shell; lines that are not of this form are skipped. */
function passwdLines(text: string): readonly PasswdLine[] {
  return records(text).flatMap(([name = '', , uidText = '', gidText = '', , home = '']) => {
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    return uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home }];
  });
}

/** name:password:gid:member,member */
function groupLines(text: string): readonly GroupLine[] {
  return records(text).flatMap(([name = '', , gidText = '', members = '']) => {
    const gid = parseId(gidText);
    return gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}

function records(text: string): readonly string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}
