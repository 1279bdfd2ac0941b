/**
 * What is a git repository among the sources of ADD and the contexts, and what of it is wanted:
 * `https://host/x.git#ref:folder`, `git@host:x`, or the query form
 * `…/x.git?branch=main&subdir=folder`. Docker's grammar.
 */
import { SlipwayError } from '#core/errors.ts';

export interface GitUrl {
  /** For git, without fragment and query. */
  readonly remote: string;
  readonly ref?: string;
  readonly subdir?: string;
  /** A commit, or the beginning of one, that the reference must be. */
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  readonly submodules?: boolean;
}

/** `user@host:path`: ssh's way; not a Windows drive, not a path with a slash before the colon. */
const SCP_LIKE = /^\w[\w.-]*@\w[\w.-]*:/;

/** Whether a source is a git repository; over http(s) its path must end in `.git`. */
export function isGitUrl(text: string): boolean {
  if (/^(git|ssh):\/\//.test(text) || SCP_LIKE.test(text)) return true;
  return /^https?:\/\/[^?#]*\.git(?:[?#]|$)/.test(text);
}

/** Whether git runs ssh to get there. */
export function isSshRemote(remote: string): boolean {
  return remote.startsWith('ssh://') || SCP_LIKE.test(remote);
}

/** Whether it is a file to download. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && !isGitUrl(text);
}

/** Whether a context is elsewhere; also docker's older way to write a repository, without a scheme. */
export function isRemoteContext(text: string): boolean {
  return isGitUrl(text) || isHttpUrl(text) || text.startsWith('github.com/');
}

/** @throws DOCKERFILE_INVALID for a query that is not known, or says a thing twice */
export function parseGitUrl(text: string): GitUrl {
  const [beforeFragment = '', fragment] = cut(text, '#');
  const [remote = '', query] = SCP_LIKE.test(text) ? [beforeFragment] : cut(beforeFragment, '?');
  if (fragment !== undefined && query !== undefined) {
    throw invalid(text, 'has both a fragment and a query', 'use one of the two forms');
  }
  const parts = query === undefined ? fromFragment(fragment) : fromQuery(text, query);
  if (parts.ref?.startsWith('-')) {
    throw invalid(text, `"${parts.ref}" is no reference`, 'name a branch, a tag or a commit');
  }
  return { remote, ...parts };
}

function fromFragment(fragment = ''): Omit<GitUrl, 'remote'> {
  const [ref = '', subdir = ''] = cut(fragment, ':');
  return { ...(ref === '' ? {} : { ref }), ...(subdir === '' ? {} : { subdir }) };
}

const FLAGS: Readonly<Record<string, 'keepGitDir' | 'submodules'>> = {
  'keep-git-dir': 'keepGitDir',
  submodules: 'submodules',
};

/** `commit` beside a branch or tag is what that must be. */
function fromQuery(text: string, query: string): Omit<GitUrl, 'remote'> {
  const parameters = new URLSearchParams(query);
  const refs: string[] = [];
  let subdir: string | undefined;
  let checksum: string | undefined;
  const flags: { keepGitDir?: boolean; submodules?: boolean } = {};
  for (const [name, value] of parameters) {
    const flag = FLAGS[name];
    if (flag !== undefined) flags[flag] = booleanOf(text, name, value);
    else if (name === 'ref') refs.push(value);
    else if (name === 'branch') refs.push(`refs/heads/${value}`);
    else if (name === 'tag') refs.push(`refs/tags/${value}`);
    else if (name === 'commit' || name === 'checksum') checksum = value;
    else if (name === 'subdir') subdir = value;
    else {
      const known = 'ref, branch, tag, commit, checksum, subdir, keep-git-dir and submodules';
      throw invalid(text, `unexpected query "${name}"`, `known are ${known}`);
    }
  }
  if (refs.length > 1) throw invalid(text, 'names several references', 'name one of them');
  const ref = refs[0] ?? (isWholeCommit(checksum) ? checksum : undefined);
  return {
    ...(ref === undefined ? {} : { ref }),
    ...(subdir === undefined ? {} : { subdir }),
    ...(checksum === undefined ? {} : { checksum }),
    ...flags,
  };
}

/** The full name of a commit, which needs no asking. */
/** The whole name of a commit means that commit for ever. */
export function isWholeCommit(ref: string | undefined): boolean {
  return ref !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
}

function booleanOf(text: string, name: string, value: string): boolean {
  if (/^(|1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalid(text, `"${value}" is no value of ${name}`, `write ${name}=true or ${name}=false`);
}

function cut(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(text: string, message: string, hint: string): SlipwayError {
  return new SlipwayError('DOCKERFILE_INVALID', `invalid git URL ${text}: ${message}`, { hint });
}
