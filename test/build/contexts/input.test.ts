/** Contexts that are no folder: repositories and downloads. Standard input is in the build cases. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { withEngine } from '#test/helpers/engine.ts';
import { file, tarOf } from '#test/helpers/entries.ts';
import { fileServer } from '#test/helpers/file-server.ts';
import { cannotServeGit, commit, gitServer, newRepository } from '#test/helpers/git-server.ts';
import { imageFiles } from '#test/helpers/image-files.ts';

test('a repository, a folder of it, another Dockerfile in it', { skip: cannotServeGit() }, () =>
  withEngine({}, async (fixture) => {
    const served = join(fixture.folder, 'served');
    commit(newRepository(join(served, 'repo')), {
      Dockerfile: 'FROM scratch\nCOPY . /all/\n',
      '.dockerignore': 'x\n',
      x: 'X',
      'sub/Dockerfile': 'FROM scratch\nCOPY s /s\n',
      'sub/other': 'FROM scratch\nCOPY s /o\n',
      'sub/s': 'S',
    });
    await using server = await gitServer(served);
    const context = `${server.url}/repo`;
    const paths = async (options: { context: string; dockerfile?: string }) => {
      await fixture.build({ ...options, tags: ['out'] });
      return (await imageFiles(fixture, 'out')).map((line) => line.split(' ')[0]);
    };
    const all = await paths({ context });
    assert.ok(all.includes('all/x'), '.dockerignore is for folders');
    assert.ok(!all.some((path) => path?.includes('.git/')));
    assert.deepEqual(await paths({ context: `${context}#main:sub` }), ['s']);
    assert.deepEqual(await paths({ context: `${context}#main:sub`, dockerfile: 'other' }), ['o']);
    await assert.rejects(paths({ context, dockerfile: 'nothing' }), {
      code: 'DOCKERFILE_MISSING',
      message: 'failed to read dockerfile: open nothing: no such file or directory',
    });
    await assert.rejects(paths({ context: `${context}#gone` }), { code: 'GIT_FAILED' });
  }),
);

test('an archive from a web server is the context, a text is the Dockerfile', () =>
  withEngine({}, async (fixture) => {
    const archive = await tarOf([file('Dockerfile', 'FROM scratch\nCOPY x /y\n'), file('x', 'X')]);
    await using server = await fileServer({
      '/c.tar': { body: archive },
      '/df': { body: 'FROM scratch\nCOPY <<EOF /here\ntext\nEOF\n' },
    });
    await fixture.build({ context: `${server.url}/c.tar`, tags: ['out'] });
    assert.deepEqual(await imageFiles(fixture, 'out'), ['y file 644 0:0 "X"']);
    await fixture.build({ context: `${server.url}/df`, tags: ['out'] });
    assert.deepEqual(await imageFiles(fixture, 'out'), ['here file 644 0:0 "text\\n"']);
    await assert.rejects(fixture.build({ context: `${server.url}/nothing` }), {
      code: 'DOWNLOAD_FAILED',
    });
  }));
