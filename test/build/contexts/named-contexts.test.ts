/** --build-context: images from layouts, archives and the store, repositories and downloads. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseContexts } from '#build/contexts/named-contexts.ts';
import { STORE_OUTPUT } from '#core/build-output.ts';
import { type EngineFixture, withEngine } from '#test/helpers/engine.ts';
import { directory, file, tarOf } from '#test/helpers/entries.ts';
import { fileServer } from '#test/helpers/file-server.ts';
import { cannotServeGit, commit, gitServer, newRepository } from '#test/helpers/git-server.ts';
import { imageFiles } from '#test/helpers/image-files.ts';

test('the last value of a name counts, and a value may have an equals sign', () => {
  assert.deepEqual(
    [...parseContexts(['a=1', 'b=x=y', 'a=2'])],
    [
      ['a', '2'],
      ['b', 'x=y'],
    ],
  );
});

/** An image `base:1` with a file, a variable and an ONBUILD, written where `write` says. */
async function withBase(
  work: (fixture: EngineFixture) => Promise<readonly string[]>,
): Promise<void> {
  await withEngine({}, async (fixture) => {
    const Dockerfile = 'FROM scratch\nCOPY f /base/f\nENV FROM_BASE=yes\n';
    const folder = fixture.context({ Dockerfile, f: 'of the base' });
    await fixture.build({ context: folder, tags: ['base:1'] });
    const buildContexts = await work(fixture);
    const context = fixture.context({
      Dockerfile: 'FROM alpine:3\nCOPY --from=alpine:3 /base/f /second\nENV N=$FROM_BASE\n',
    });
    await fixture.build({ context, tags: ['out'], buildContexts });
    assert.deepEqual(await imageFiles(fixture, 'out'), [
      'base directory 755 0:0',
      'base/f file 644 0:0 "of the base"',
      'second file 644 0:0 "of the base"',
    ]);
    const { config } = await fixture.engine.inspect('out');
    assert.ok(config.config.Env?.includes('N=yes'));
  });
}

describe('an image in place of another one', () => {
  test('of the store', () => withBase(async () => ['alpine:3=docker-image://base:1']));

  for (const selector of ['', ':1']) {
    test(`of a layout folder, "${selector}"`, () =>
      withBase(async ({ folder, build, context }) => {
        const layout = join(folder, 'layout');
        await build({
          context: context({ Dockerfile: 'FROM base:1\n' }),
          tags: ['base:1'],
          outputs: [{ kind: 'layout', destination: layout, format: STORE_OUTPUT.format }],
        });
        return [`alpine:3=oci-layout://${layout}${selector}`];
      }));
  }

  test('of a bundle, in a store that does not have it', () =>
    withBase(async ({ engine, folder }) => {
      const bundle = join(folder, 'base.tar');
      await engine.save(['base:1'], bundle);
      await engine.removeImage('base:1');
      return [`alpine:3=bundle://${bundle}`];
    }));
});

test('the archive of a web server is a tree, asked for again only by its tag', () =>
  withEngine({}, async (fixture) => {
    const body = await tarOf([directory('d'), file('d/x', 'X')]);
    await using server = await fileServer({ '/src.tar': { body } });
    const context = fixture.context({ Dockerfile: 'FROM scratch\nCOPY --from=src d /d/\n' });
    const options = { context, tags: ['out'], buildContexts: [`src=${server.url}/src.tar`] };
    await fixture.build(options);
    assert.deepEqual((await fixture.build(options)).steps, { run: 0, cached: 1 });
    assert.deepEqual(server.asked, ['GET /src.tar 200', 'GET /src.tar 304']);
    const files = await imageFiles(fixture, 'out');
    assert.deepEqual(files, ['d directory 755 0:0', 'd/x file 644 0:0 "X"']);
  }));

test('a file that is no archive is none', () =>
  withEngine({}, async ({ context, build }) => {
    await using server = await fileServer({ '/src': { body: 'text' } });
    const folder = context({ Dockerfile: 'FROM scratch\nCOPY --from=src d /d/\n' });
    await assert.rejects(build({ context: folder, buildContexts: [`src=${server.url}/src`] }), {
      code: 'ARCHIVE_INVALID',
      message: /failed to get build context src: .* is no archive/,
    });
  }));

test('a folder of a repository', { skip: cannotServeGit() }, () =>
  withEngine({}, async (fixture) => {
    const served = join(fixture.folder, 'served');
    commit(newRepository(join(served, 'repo')), { 'sub/x': 'X', y: 'Y' });
    await using server = await gitServer(served);
    const context = fixture.context({ Dockerfile: 'FROM src\n' });
    const buildContexts = [`src=${server.url}/repo#main:sub`];
    await fixture.build({ context, tags: ['out'], buildContexts });
    assert.deepEqual(await imageFiles(fixture, 'out'), ['x file 644 0:0 "X"']);
  }),
);
