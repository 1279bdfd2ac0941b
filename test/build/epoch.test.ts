/** SOURCE_DATE_EPOCH as an argument of the Dockerfile, and as the time of the context. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BuildOptions } from '#engine.ts';
import { type EngineFixture, withEngine } from '#test/helpers/engine.ts';
import { file, tarOf } from '#test/helpers/entries.ts';
import { fileServer } from '#test/helpers/file-server.ts';
import { cannotServeGit, commit, gitServer, newRepository } from '#test/helpers/git-server.ts';

/** Of the image, and what the history says of its ARG. */
async function made(
  { build, engine }: EngineFixture,
  options: Partial<BuildOptions> & { readonly context: string },
) {
  await build({ ...options, tags: ['app:1'] });
  const { config } = await engine.inspect('app:1');
  return {
    seconds: Date.parse(config.created ?? '') / 1000,
    argument: config.history
      .map(({ created_by: text = '' }) => text)
      .find((text) => /^ARG/.test(text)),
  };
}

const anHourAgo = () => Date.now() / 1000 - 3600;

test('ARG before the first FROM dates the image, and stages see its value', () =>
  withEngine({}, async (fixture) => {
    const Dockerfile = `ARG BASE=10
ARG SOURCE_DATE_EPOCH=\${BASE}00
FROM scratch
ARG SOURCE_DATE_EPOCH
COPY a /
`;
    const context = fixture.context({ Dockerfile, a: 'A' });
    assert.deepEqual(await made(fixture, { context }), {
      seconds: 1000,
      argument: 'ARG SOURCE_DATE_EPOCH=1000',
    });
    const user = await made(fixture, { context, sourceDateEpoch: 7 });
    assert.deepEqual(user, { seconds: 7, argument: 'ARG SOURCE_DATE_EPOCH=7' });
    const verified = await made(fixture, { context, verify: true });
    assert.equal(verified.seconds, 1000);
    const buildArgs = { SOURCE_DATE_EPOCH: '' };
    assert.ok((await made(fixture, { context, buildArgs, noCache: true })).seconds > anHourAgo());
  }));

test('ARG in a stage is a variable of the stage, and dates nothing', () =>
  withEngine({}, async (fixture) => {
    const Dockerfile = 'FROM scratch\nARG SOURCE_DATE_EPOCH=1000\nCOPY a /\nLABEL a=b\n';
    const context = fixture.context({ Dockerfile, a: 'A' });
    const { seconds, argument } = await made(fixture, { context });
    assert.ok(seconds > anHourAgo());
    assert.equal(argument, 'ARG SOURCE_DATE_EPOCH=1000');
  }));

test('a value that is no time is shown where it stands', () =>
  withEngine({}, async ({ build, context }) => {
    const Dockerfile = 'ARG SOURCE_DATE_EPOCH=soon\nFROM scratch\nLABEL a=b\n';
    await assert.rejects(build({ context: context({ Dockerfile }) }), {
      code: 'DOCKERFILE_INVALID',
      message: 'invalid SOURCE_DATE_EPOCH: soon',
      hint: /seconds since 1970/,
    });
  }));

test('context: a folder has no time, and the argument no value', () =>
  withEngine({}, async (fixture) => {
    const Dockerfile = 'FROM scratch\nARG SOURCE_DATE_EPOCH\nCOPY a /\n';
    const context = fixture.context({ Dockerfile, a: 'A' });
    const { seconds, argument } = await made(fixture, { context, sourceDateEpoch: 'context' });
    assert.ok(seconds > anHourAgo());
    assert.equal(argument, 'ARG SOURCE_DATE_EPOCH');
  }));

test('context: a commit has one', { skip: cannotServeGit() }, () =>
  withEngine({}, async (fixture) => {
    const served = join(fixture.folder, 'served');
    const Dockerfile = 'FROM scratch\nARG SOURCE_DATE_EPOCH\nCOPY Dockerfile /\n';
    commit(newRepository(join(served, 'repo')), { Dockerfile });
    await using server = await gitServer(served);
    const context = `${server.url}/repo`;
    const expected = { seconds: 1_500_000_000, argument: 'ARG SOURCE_DATE_EPOCH=1500000000' };
    const asked = { context, sourceDateEpoch: 'context' } as const;
    assert.deepEqual(await made(fixture, asked), expected);
    // The second time the repository is in the store.
    const buildArgs = { SOURCE_DATE_EPOCH: 'context' };
    assert.deepEqual(await made(fixture, { context, buildArgs }), expected);
  }),
);

test("context: a download has its server's time, else that of the newest file in it", () =>
  withEngine({}, async (fixture) => {
    const text = `ARG SOURCE_DATE_EPOCH=context
FROM scratch
ARG SOURCE_DATE_EPOCH
COPY *a /
`;
    const mtime = (seconds: number) => ({ mtime: { seconds, nanoseconds: 0 } });
    const body = await tarOf([
      file('Dockerfile', text, mtime(1_400_000_000)),
      file('a', 'A', mtime(1_480_000_000)),
    ]);
    const lastModified = 1_450_000_000;
    await using server = await fileServer({
      '/dated.tar': { body, lastModified },
      '/plain.tar': { body },
      '/text': { body: text.replace('*a', '<<a').concat('a\n') },
    });
    const at = (name: string) => made(fixture, { context: `${server.url}/${name}` });
    assert.deepEqual(await at('dated.tar'), {
      seconds: 1_450_000_000,
      argument: 'ARG SOURCE_DATE_EPOCH=1450000000',
    });
    assert.equal((await at('plain.tar')).argument, 'ARG SOURCE_DATE_EPOCH=1480000000');
    assert.equal((await at('text')).argument, 'ARG SOURCE_DATE_EPOCH');
  }));
