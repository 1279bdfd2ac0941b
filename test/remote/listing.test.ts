/** Lists that come page by page, from registries that do as they please. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { type LoopbackServer, listening } from '#test/helpers/loopback-server.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { type ScriptedAnswer, scriptedPeer } from '#test/helpers/scripted-peer.ts';

const TAGS = '/v2/test/app/tags/list';

function page(names: readonly string[] | null, next?: string): ScriptedAnswer {
  return {
    status: 200,
    headers: next === undefined ? {} : { link: `<${next}>; rel="next"` },
    body: JSON.stringify({ name: 'test/app', tags: names }),
  };
}

/** Answers every request by its query. */
function listServer(answer: (query: URLSearchParams) => string): Promise<LoopbackServer> {
  return listening(
    createServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams;
      const last = Number(query.get('last') ?? 0);
      response.setHeader('link', `<${TAGS}?last=${last + 1}>; rel="next"`);
      response.end(answer(query));
    }),
  );
}

async function tagsOf(
  answers: Readonly<Record<string, ScriptedAnswer>>,
): Promise<readonly string[]> {
  await using peer = await scriptedPeer(
    Object.entries(answers).map(([path, answer]) => ({ method: 'GET', path, answer })),
  );
  await using remote = remoteAt(peer.address);
  return await remote.listTags();
}

describe('lists by pages', () => {
  it('all pages, each name once, sorted', async () => {
    const tags = await tagsOf({
      [TAGS]: page(['c', 'a'], `${TAGS}?last=a`),
      [`${TAGS}?last=a`]: page([], `${TAGS}?last=b`),
      [`${TAGS}?last=b`]: page(['a', 'B']),
    });
    assert.deepEqual(tags, ['B', 'a', 'c']);
  });

  it('docker-registry has null for a repository whose tags are gone', async () => {
    assert.deepEqual(await tagsOf({ [TAGS]: page(null) }), []);
  });

  it('a limit asks for no more than it takes', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: `${TAGS}?n=3`, answer: page(['a', 'b'], `${TAGS}?n=3&last=b`) },
      { method: 'GET', path: `${TAGS}?n=3&last=b`, answer: page(['c', 'd'], `${TAGS}?last=d`) },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(await remote.listTags({ limit: 3 }), ['a', 'b', 'c']);
  });

  it('a circle is noticed when it closes', async () => {
    const tags = tagsOf({
      [TAGS]: page(['a'], `${TAGS}?last=a`),
      [`${TAGS}?last=a`]: page(['b'], TAGS),
    });
    await assert.rejects(tags, {
      code: 'REGISTRY_PROTOCOL',
      message: 'the list of tags goes round in a circle',
    });
  });

  it('pages without end come to one', async () => {
    await using server = await listServer(() => '{"tags": []}');
    await using remote = remoteAt(server.address);
    await assert.rejects(remote.listTags(), { message: 'the list of tags has over 10000 pages' });
  });

  it('bytes without end come to one', async () => {
    const padding = ' '.repeat(16 * 1024 * 1024);
    await using server = await listServer(() => `{"tags": []}${padding}`);
    await using remote = remoteAt(server.address);
    await assert.rejects(remote.listTags(), { message: 'the list of tags is over 67108864 bytes' });
  });

  for (const [what, body, code] of [
    ['no JSON', '<html>', 'JSON_INVALID'],
    ['JSON of another shape', '{"tags": [1]}', 'JSON_INVALID'],
    ['a name that would steer a terminal', '{"tags": ["\\u001b[2J"]}', 'REGISTRY_PROTOCOL'],
    ['a name of two lines', '{"tags": ["a\\nb"]}', 'REGISTRY_PROTOCOL'],
    ['a name without end', `{"tags": ["${'a'.repeat(513)}"]}`, 'REGISTRY_PROTOCOL'],
  ] as const) {
    it(`${what} is refused`, async () => {
      await assert.rejects(tagsOf({ [TAGS]: { status: 200, body } }), { code });
    });
  }

  it('a name that is not there is told from one without tags', async () => {
    const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN', message: 'no such thing' }] });
    await assert.rejects(tagsOf({ [TAGS]: { status: 404, body } }), { code: 'NAME_UNKNOWN' });
  });
});
