/** ADD of repositories, from git's own daemon. */
import assert from 'node:assert/strict';
import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type EngineFixture, withEngine } from '#test/helpers/engine.ts';
import { fileServer } from '#test/helpers/file-server.ts';
import {
  cannotServeGit,
  commit,
  type GitServer,
  git,
  gitServer,
  newRepository,
} from '#test/helpers/git-server.ts';
import { imageFiles } from '#test/helpers/image-files.ts';

const skip = cannotServeGit();

interface Fixture extends EngineFixture {
  readonly server: GitServer;
  /** The work tree that is served as `/repo`. */
  readonly repository: string;
  readonly first: string;
  /** Builds this one ADD and gives the paths of the image. */
  add(line: string): Promise<{ readonly paths: readonly string[]; readonly cached: number }>;
}

async function withRepository(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  await withEngine({}, async (fixture) => {
    const served = join(fixture.folder, 'served');
    const repository = newRepository(join(served, 'repo'));
    const first = commit(repository, { 'a.txt': 'one', 'sub/b.txt': 'B', 'sub/deep/c': 'C' });
    await using server = await gitServer(served);
    const add: Fixture['add'] = async (line) => {
      const context = fixture.context({ Dockerfile: `FROM scratch\nARG URL\n${line}\n` });
      const { steps } = await fixture.build({
        context,
        tags: ['x'],
        buildArgs: { URL: server.url },
      });
      return { paths: await imageFiles(fixture, 'x'), cached: steps.cached };
    };
    await work({ ...fixture, server, repository, first, add });
  });
}

const TREE = [
  'd directory 755 0:0',
  'd/a.txt file 644 0:0 "one"',
  'd/sub directory 755 0:0',
  'd/sub/b.txt file 644 0:0 "B"',
  'd/sub/deep directory 755 0:0',
  'd/sub/deep/c file 644 0:0 "C"',
];

test('the tree without .git, 0644 and 0755, of root, links as they are', { skip }, () =>
  withRepository(async ({ repository, add }) => {
    assert.deepEqual((await add('ADD $URL/repo /d')).paths, TREE);
    chmodSync(join(repository, 'a.txt'), 0o770);
    symlinkSync('/etc/passwd', join(repository, 'link'));
    commit(repository, {});
    const { paths } = await add('ADD $URL/repo /d');
    assert.ok(paths.includes('d/a.txt file 755 0:0 "one"'), paths.join('\n'));
    assert.ok(paths.includes('d/link symlink 777 0:0 -> /etc/passwd'), paths.join('\n'));
  }),
);

test('a branch, a tag, an annotated tag, a commit, a folder of it', { skip }, () =>
  withRepository(async ({ repository, first, add }) => {
    git(repository, 'tag', 'v1');
    git(repository, 'tag', '-a', '-m', 'x', 'v2');
    git(repository, 'checkout', '-q', '-b', 'other');
    commit(repository, { 'a.txt': 'other' });
    git(repository, 'checkout', '-q', 'main');
    commit(repository, { 'a.txt': 'two' });
    const text = async (line: string) =>
      (await add(`ADD $URL/repo${line} /d`)).paths.find((path) => path.startsWith('d/a.txt'));
    assert.equal(await text(''), 'd/a.txt file 644 0:0 "two"');
    for (const ref of ['#v1', '#v2', '#refs/tags/v2', `#${first}`, `#${first.slice(0, 10)}`]) {
      assert.equal(await text(ref), 'd/a.txt file 644 0:0 "one"', ref);
    }
    assert.equal(await text('#other'), 'd/a.txt file 644 0:0 "other"');
    const { paths } = await add('ADD $URL/repo#v1:sub /d');
    assert.deepEqual(paths, [
      'd directory 755 0:0',
      'd/b.txt file 644 0:0 "B"',
      'd/deep directory 755 0:0',
      'd/deep/c file 644 0:0 "C"',
    ]);
  }),
);

test('a branch that did not move hits; one that moved does not', { skip }, () =>
  withRepository(async ({ repository, add }) => {
    await add('ADD $URL/repo#main /d');
    assert.equal((await add('ADD $URL/repo#main /d')).cached, 1);
    commit(repository, { more: 'more' });
    assert.equal((await add('ADD $URL/repo#main /d')).cached, 0);
  }),
);

test('--keep-git-dir keeps a repository', { skip }, () =>
  withRepository(async ({ add }) => {
    const { paths } = await add('ADD --keep-git-dir $URL/repo /d');
    assert.ok(paths.some((line) => line.startsWith('d/.git/HEAD file')));
  }),
);

test('submodules come along', { skip }, () =>
  withRepository(async ({ folder, repository, server, add }) => {
    const module = newRepository(join(folder, 'served', 'module'));
    commit(module, { inside: 'M' });
    git(repository, 'submodule', '--quiet', 'add', `${server.url}/module`, 'mod');
    commit(repository, {});
    const { paths } = await add('ADD $URL/repo /d');
    assert.ok(paths.includes('d/mod/inside file 644 0:0 "M"'), paths.join('\n'));
    assert.ok(!paths.some((line) => line.includes('/.git ') || line.includes('/.git/')));
  }),
);

for (const id of ['GIT_AUTH_TOKEN', 'GIT_AUTH_TOKEN.127.0.0.1']) {
  test(`the secret ${id} goes to the remote`, { skip }, () =>
    withEngine({}, async ({ context, build }) => {
      await using server = await fileServer({});
      const folder = context({ Dockerfile: `FROM scratch\nADD ${server.url}/x.git /d\n` });
      const secrets = { [id]: { kind: 'value', value: 's3cret' } } as const;
      await assert.rejects(build({ context: folder, secrets }), { code: 'GIT_FAILED' });
      const token = Buffer.from('x-access-token:s3cret').toString('base64');
      assert.equal(server.headers[0]?.authorization, `Basic ${token}`);
    }),
  );
}

test('a commit that is not the one expected is refused', { skip }, () =>
  withRepository(async ({ first, add }) => {
    await add(`ADD --checksum=${first} $URL/repo /d`);
    await assert.rejects(
      add(`ADD --checksum=${'b'.repeat(40)} $URL/repo /d`),
      /expected checksum to match b+, got/,
    );
  }),
);

for (const [what, line, error] of [
  ['a reference that is not there', 'ADD $URL/repo#nothing /d', /does not contain ref nothing/],
  ['a repository that is not there', 'ADD $URL/nothing /d', /failed to fetch remote/],
  ['a folder that is not there', 'ADD $URL/repo#main:nothing /d', /subdir not found: "nothing"/],
] as const) {
  test(`refused: ${what}`, { skip }, () =>
    withRepository(async ({ add }) => {
      await assert.rejects(add(line), error);
    }),
  );
}
