/** The git program: what references mean, what it may not see, how its failures are told. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { checkOut, resolveCommit } from '#remote/git.ts';
import { cannotServeGit, commit, git, gitServer, newRepository } from '#test/helpers/git-server.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const skip = cannotServeGit();
const { signal } = new AbortController();

test('a reference is the commit that it stands for, a whole commit is not asked for', {
  skip,
}, async () => {
  using folder = tempFolder();
  const repository = newRepository(folder.at('repo'));
  const first = commit(repository, { a: '1' });
  git(repository, 'tag', '-a', '-m', 'x', 'v1');
  const second = commit(repository, { a: '2' });
  const sha = 'c'.repeat(40);
  assert.equal(await resolveCommit({ remote: 'git://127.0.0.1:1/x', ref: sha, signal }), sha);
  await using server = await gitServer(folder.path);
  const remote = `${server.url}/repo`;
  for (const [ref, expected] of [
    [undefined, second],
    ['main', second],
    ['refs/heads/main', second],
    ['v1', first],
    ['refs/tags/v1', first],
  ] as const) {
    const address = { remote, signal, ...(ref === undefined ? {} : { ref }) };
    assert.equal(await resolveCommit(address), expected);
  }
});

test('a check-out has its time and no .git', { skip }, async () => {
  using folder = tempFolder();
  const head = commit(newRepository(folder.at('served/repo')), { a: '1' });
  await using server = await gitServer(folder.at('served'));
  const address = { remote: `${server.url}/repo`, signal };
  const options = { commit: head, folder: folder.at('out'), keepGitDir: false, submodules: true };
  assert.deepEqual(await checkOut(address, options), { time: 1_500_000_000 });
  assert.deepEqual(readdirSync(folder.at('out')), ['a']);
  assert.equal(readFileSync(folder.at('out/a'), 'utf8'), '1');
});

test('a repository of this machine is no remote: not by its path, not as a submodule', {
  skip,
}, async () => {
  using folder = tempFolder();
  const repository = newRepository(folder.at('served/repo'));
  const head = commit(newRepository(folder.at('other')), { secret: 'S' });
  await assert.rejects(
    resolveCommit({ remote: folder.at('other'), ref: 'main', signal }),
    /transport 'file' not allowed/,
  );
  commit(repository, { '.gitmodules': `[submodule "m"]\npath = m\nurl = ${folder.at('other')}\n` });
  git(repository, 'update-index', '--add', '--cacheinfo', `160000,${head},m`);
  git(repository, 'commit', '-q', '-m', 'm');
  await using server = await gitServer(folder.at('served'));
  const address = { remote: `${server.url}/repo`, signal };
  const options = {
    commit: git(repository, 'rev-parse', 'HEAD'),
    folder: folder.at('out'),
    keepGitDir: false,
    submodules: true,
  };
  await assert.rejects(checkOut(address, options), /failed to fetch remote/);
});

test('a password of the URL is not told', async () => {
  const remote = 'http://me:secret@127.0.0.1:1/x.git';
  await assert.rejects(resolveCommit({ remote, signal }), (error) => {
    assert.ok(isSlipwayError(error, 'GIT_FAILED'));
    assert.doesNotMatch(`${error.message}${JSON.stringify(error.detail)}`, /secret/);
    return true;
  });
});

test('a missing git is said, with what to do', async () => {
  const remote = 'git://127.0.0.1:1/x';
  await assert.rejects(resolveCommit({ remote, signal, program: '/nonexistent/git' }), {
    code: 'GIT_MISSING',
    hint: /install git/,
  });
});

/** In place of git. */
function program(path: string, text: string): string {
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

test('ssh gets the agent that was given, and no other', async () => {
  using folder = tempFolder();
  const shows = program(folder.at('git'), 'printf "%s\\tHEAD\\n" "$SSH_AUTH_SOCK"');
  const address = { remote: 'git@example.com:x', signal, program: shows };
  assert.equal(await resolveCommit({ ...address, agent: '/run/agent' }), '/run/agent');
  await assert.rejects(resolveCommit(address), { code: 'GIT_FAILED' });
});

test('what ssh refuses comes with what helps', async () => {
  using folder = tempFolder();
  const remote = 'git@example.com:x';
  const hints = [
    ['Host key verification failed.', /known_hosts/],
    ['git@example.com: Permission denied (publickey,password).', /--ssh default/],
  ] as const;
  for (const [text, hint] of hints) {
    const end = 'fatal: Could not read from remote repository.';
    const refuses = program(folder.at('git'), `printf '%s\\n' '${text}' '${end}' >&2; exit 128`);
    await assert.rejects(resolveCommit({ remote, signal, program: refuses }), {
      code: 'GIT_FAILED',
      message: `failed to fetch remote ${remote}: ${end}`,
      hint,
    });
  }
});
