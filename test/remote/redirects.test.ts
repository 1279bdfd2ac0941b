/** Where redirects lead, and where they are not followed. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Answer, Call } from '#remote/exchange.ts';
import { followingRedirects } from '#remote/redirects.ts';

const FROM = new URL('https://registry.example.com/v2/app/blobs/x');

function answerAt(url: URL, headers: Answer['headers']): Answer {
  const status = headers.location === undefined ? 200 : 307;
  return { status, headers, url, body: (async function* () {})(), discard: async () => {} };
}

/** Follows one redirect to `location`; gives what was asked. */
async function follow(location: string): Promise<readonly Call[]> {
  const asked: Call[] = [];
  const send = followingRedirects()(async (call) => {
    asked.push(call);
    return answerAt(call.url, call.url.href === FROM.href ? { location } : {});
  });
  const headers = { authorization: 'Bearer secret', range: 'bytes=5-' };
  await send({ method: 'GET', url: FROM, headers, scopes: [], isRepeatable: true });
  return asked;
}

it('from TLS to plain HTTP: refused, whatever host it is', async () => {
  for (const location of ['http://registry.example.com/x', 'http://storage.example.com/x']) {
    await assert.rejects(follow(location), { code: 'REGISTRY_PROTOCOL' });
  }
});

it('to another host: the range goes along, credentials and a user in the URL do not', async () => {
  const [, second] = await follow('https://me:secret@storage.example.com/x?signed=1');
  assert.equal(second?.url.href, 'https://storage.example.com/x?signed=1');
  assert.deepEqual(second?.headers, { range: 'bytes=5-' });
});

it('another port is another origin', async () => {
  const [, second] = await follow('https://registry.example.com:8443/x');
  assert.equal(second?.headers?.authorization, undefined);
});

for (const location of ['file:///etc/passwd', 'ftp://storage.example.com/x', 'data:,x']) {
  it(`to ${location}: refused`, async () => {
    await assert.rejects(follow(location), { code: 'REGISTRY_PROTOCOL' });
  });
}
