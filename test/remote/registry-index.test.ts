/** A registry asked as a whole: its catalogue, its search, and those who have neither. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openRegistryIndex, type RegistryIndex } from '#remote/registry-index.ts';
import { ANA, BOB, guardedRegistry } from '#test/helpers/guarded-registry.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { planAt, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { type ScriptedAnswer, scriptedPeer } from '#test/helpers/scripted-peer.ts';

const CATALOG = '/v2/_catalog';
const SEARCH = '/v1/search?q=app&n=25';
const NOTHING: ScriptedAnswer = { status: 404, body: '404 page not found' };

function indexAt(address: string, user?: readonly [string, string]): RegistryIndex {
  const [username, password] = user ?? [];
  return openRegistryIndex({
    plan: planAt(address),
    retry: { sleep: async () => {} },
    ...(username === undefined || password === undefined
      ? {}
      : {
          credentials: {
            find: async () => ({ value: { kind: 'password', username, password }, origin: 'test' }),
          },
        }),
  });
}

/** Plays the answers in their order, and gives what `ask` came to. */
async function asking<T>(
  answers: readonly (readonly [path: string, ScriptedAnswer])[],
  ask: (index: RegistryIndex) => Promise<T>,
): Promise<T> {
  await using peer = await scriptedPeer(
    answers.map(([path, answer]) => ({ method: 'GET', path, answer })),
  );
  await using index = indexAt(peer.address);
  return await ask(index);
}

function json(body: unknown): ScriptedAnswer {
  return { status: 200, body: JSON.stringify(body) };
}

describe('the catalogue', () => {
  it('of our own registry', async () => {
    await using registry = await temporaryRegistry();
    const image = await sampleImage();
    for (const repository of ['b/two', 'a/one']) {
      await using remote = remoteAt(registry.address, { repository });
      await putImage(remote, image, '1');
    }
    await using index = indexAt(registry.address);
    assert.deepEqual(await index.catalog(), ['a/one', 'b/two']);
    assert.deepEqual(await index.catalog({ limit: 1 }), ['a/one']);
  });

  it('of a registry that asks who we are: what each may see', async () => {
    await using registry = await guardedRegistry();
    const image = await sampleImage();
    for (const repository of ['private/x', 'team/app', 'pub/x']) {
      await using remote = remoteAt(registry.address, {
        repository,
        credentials: {
          find: async () => ({
            value: { kind: 'password', username: ANA[0], password: ANA[1] },
            origin: 'test',
          }),
        },
      });
      await putImage(remote, image, '1');
    }
    await using ana = indexAt(registry.address, ANA);
    await using bob = indexAt(registry.address, BOB);
    assert.deepEqual(await ana.catalog(), ['private/x', 'pub/x', 'team/app']);
    assert.deepEqual(await bob.catalog(), ['pub/x', 'team/app']);
    assert.deepEqual(
      (await bob.search('app')).map(({ name }) => name),
      ['team/app'],
    );
  });

  for (const [status, code, hint] of [
    [401, 'UNAUTHORIZED', /^log in \(slipway login 127\.0\.0\.1:\d+\), or list the tags of one/],
    [403, 'UNAUTHORIZED', /^log in/],
    [
      404,
      'REGISTRY_REFUSED',
      /^list the tags of one repository: slipway ls 127\.0\.0\.1:\d+\/NAME$/,
    ],
    [405, 'REGISTRY_REFUSED', /^list the tags/],
  ] as const) {
    it(`${status}: it does not tell, and what can be done instead`, async () => {
      const asked = asking([[CATALOG, { status, body: '' }]], (index) => index.catalog());
      await assert.rejects(asked, (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, code);
        assert.match(
          error.message,
          /^127\.0\.0\.1:\d+ does not list its repositories: http.*_catalog answers 40/,
        );
        assert.match(error.hint ?? '', hint);
        return true;
      });
    });
  }

  it('another failure stays what it is', async () => {
    const body = JSON.stringify({ errors: [{ code: 'PAGINATION_NUMBER_INVALID', message: 'n' }] });
    const asked = asking([[`${CATALOG}?n=9`, { status: 400, body }]], (index) =>
      index.catalog({ limit: 9 }),
    );
    await assert.rejects(asked, { message: 'pagination number invalid: n' });
  });
});

describe('a search', () => {
  it('what the registry finds, in its order, as far as it is wanted', async () => {
    const results = [
      { name: 'z', description: 'the\u001b[2J last\n', star_count: 7, is_official: true },
      { name: 'a' },
      { name: 'b' },
    ];
    const found = await asking([['/v1/search?q=a+b&n=2', json({ results })]], (index) =>
      index.search('a b', { limit: 2 }),
    );
    assert.deepEqual(found, [
      { name: 'z', description: 'the [2J last ', stars: 7, isOfficial: true },
      { name: 'a', description: '', stars: 0, isOfficial: false },
    ]);
  });

  for (const [what, answer] of [
    ['a registry without', NOTHING],
    ['a page for browsers', { status: 200, body: '<html>' }],
    ['JSON of something else', json({ ok: true })],
  ] as const) {
    it(`${what}: names of the catalogue that hold the term`, async () => {
      const catalog = json({ repositories: ['app', 'my/APP-2', 'other'] });
      const found = await asking(
        [
          [SEARCH, answer],
          [CATALOG, catalog],
        ],
        (index) => index.search('app'),
      );
      assert.deepEqual(
        found.map(({ name }) => name),
        ['app', 'my/APP-2'],
      );
    });
  }

  it('neither search nor catalogue: both are told', async () => {
    const asked = asking(
      [
        [SEARCH, NOTHING],
        [CATALOG, NOTHING],
      ],
      (index) => index.search('app'),
    );
    await assert.rejects(asked, {
      code: 'REGISTRY_REFUSED',
      message: /has no search, and 127\.0\.0\.1:\d+ does not list its repositories/,
    });
  });

  it('results without end are refused', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024 + 1, ' ');
    const asked = asking([[SEARCH, { status: 200, body }]], (index) => index.search('app'));
    await assert.rejects(asked, { code: 'REGISTRY_PROTOCOL' });
  });

  it('an overloaded registry is not asked for its catalogue', async () => {
    const answer = { status: 429, body: '' };
    const asked = asking(
      Array.from({ length: 5 }, () => [SEARCH, answer] as const),
      (index) => index.search('app'),
    );
    await assert.rejects(asked, { code: 'TOO_MANY_REQUESTS' });
  });
});
