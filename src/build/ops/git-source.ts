/**
 * A commit of a git repository as a layer: its tree, or a folder of it, without `.git` unless that is
 * wanted. The commit is the key, so a branch is asked for at every build and fetched when it moved.
 * Times are the commit's, for a layer that comes out equal on every machine.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntrySource } from '#archive/entry.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { compilePatterns } from '#dockerfile/dockerignore.ts';
import { originKey } from '../cache-key.ts';
import { folderTree } from '../context.ts';
import { planCopy } from '../copy-plan.ts';
import { EMPTY_TREE } from '../empty-tree.ts';
import { cleanParts, locate } from '../file-tree.ts';
import { type GitUrl, isWholeCommit } from '../git-url.ts';
import { gitAgent, gitAuthorization } from '../remote-auth.ts';
import type { GitRequest } from '../remote-sources.ts';
import type { BuildSession } from '../session.ts';
import type { StageLayer } from '../state.ts';
import { findFetched, keepFetched } from './fetched-layer.ts';

/** @throws GIT_FAILED, GIT_MISSING, SOURCE_MISSING, DIGEST_MISMATCH */
export async function gitSource(session: BuildSession, source: GitUrl): Promise<StageLayer> {
  const { remote, ref, checksum } = source;
  const { signal } = session;
  const agent = gitAgent(session, remote);
  const authorization = gitAuthorization(session, remote);
  const request: GitRequest = {
    remote,
    signal,
    ...(ref === undefined ? {} : { ref }),
    ...(authorization === undefined ? {} : { authorization }),
    ...(agent === undefined ? {} : { agent }),
  };
  return await session.vertices.run(
    `[internal] load git source ${shownUrl(source)}`,
    async (vertex) => {
      const commit = await commitOf(session, request, { isPinned: checksum !== undefined });
      vertex.status(`commit ${commit}`, { done: true });
      session.materials?.git(remote, ref, commit);
      if (checksum !== undefined) requireCommit(commit, checksum);
      const { subdir = '', keepGitDir = false, submodules = true } = source;
      const key = originKey(
        'git',
        JSON.stringify([remote, commit, subdir, keepGitDir, submodules]),
      );
      const known = findFetched(session, key);
      if (known) return known.layer;
      const folder = session.store.paths.temporary('snapshots');
      try {
        const options = { commit, folder, keepGitDir, submodules };
        const { time } = await session.remotes.git.checkOut(request, options);
        const entries = entriesOf(folder, subdir).map((one) => at(one, time));
        const record = { keys: [key], description: `git ${commit}` };
        return (await keepFetched(session, entries, record)).layer;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
}

/** What is written as a commit is that commit; of everything else the lock may have a say. */
async function commitOf(
  { remotes, lock }: BuildSession,
  request: GitRequest,
  { isPinned }: { readonly isPinned: boolean },
): Promise<string> {
  const { remote, ref = '' } = request;
  if (!lock || isPinned || isWholeCommit(ref)) return await remotes.git.resolve(request);
  const commit = lock.commit(remote, request.ref) ?? (await remotes.git.resolve(request));
  if (isWholeCommit(commit)) lock.usedCommit(remote, request.ref, commit);
  // The beginning of a commit, which only a clone could complete.
  else if (lock.isStrict) throw unlockable(commit);
  return commit;
}

function unlockable(commit: string): SlipwayError {
  return new SlipwayError(
    'LOCK_OUTDATED',
    `${commit} cannot be locked: it is the beginning of a commit`,
    {
      hint: 'write the whole name of the commit in the Dockerfile, which needs no lock then',
    },
  );
}

/** The remote without what may be secret, with what is wanted of it. */
function shownUrl({ remote, ref, subdir }: GitUrl): string {
  const url = URL.parse(remote);
  if (url) {
    url.password = '';
    url.username = '';
  }
  const wanted = [ref ?? '', ...(subdir === undefined ? [] : [subdir])].join(':');
  return `${url?.href ?? remote}${wanted === '' ? '' : `#${wanted}`}`;
}

function requireCommit(commit: string, checksum: string): void {
  if (/^[0-9a-f]{7,64}$/.test(checksum) && commit.startsWith(checksum)) return;
  throw new SlipwayError(
    'DIGEST_MISMATCH',
    `expected checksum to match ${checksum}, got ${commit}`,
    {
      hint: 'the reference is at another commit now: see what changed before you change the checksum',
      detail: { expected: checksum, found: commit },
    },
  );
}

function entriesOf(folder: string, subdir: string): readonly EntrySource[] {
  const tree = folderTree(join(folder), compilePatterns([]));
  const path = cleanParts(toByteString(subdir)).join('/') as ByteString;
  const found = locate(tree, path, { followLast: true });
  if (found?.node.kind !== 'directory') {
    throw new SlipwayError('SOURCE_MISSING', `subdir not found: "${subdir}"`, {
      hint: 'name a folder of the repository at this commit',
      detail: { path: subdir },
    });
  }
  const item = { kind: 'node', tree, at: found, name: '' as ByteString } as const;
  const destination = '' as ByteString;
  return planCopy({ items: [item], into: EMPTY_TREE, destination, isFolder: true });
}

function at(source: EntrySource, seconds: number): EntrySource {
  return { ...source, entry: { ...source.entry, mtime: { seconds, nanoseconds: 0 } } };
}
