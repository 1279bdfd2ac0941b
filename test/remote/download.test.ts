/** A file from a web server: redirects, refusals, cuts, credentials. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { download } from '#remote/download.ts';
import { DEFAULT_RETRY } from '#remote/retry.ts';
import { collect } from '#test/helpers/entries.ts';
import { type ScriptedExchange, scriptedPeer } from '#test/helpers/scripted-peer.ts';

const retry = { ...DEFAULT_RETRY, sleep: async () => {} };

async function fetchFrom(
  script: readonly ScriptedExchange[],
  path: string,
  user = '',
): Promise<string> {
  await using peer = await scriptedPeer(script);
  await using file = await download(new URL(`http://${user}${peer.address}${path}`), { retry });
  return (await collect(file.body)).toString('utf8');
}

test('a file, with the credentials of its URL', async () => {
  const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  const get = { method: 'GET', path: '/x.tar' } as const;
  const answer = { status: 200, body: 'tar' };
  assert.equal(
    await fetchFrom([{ ...get, headers: { authorization }, answer }], '/x.tar', 'me:p%40ss@'),
    'tar',
  );
  assert.equal(
    await fetchFrom([{ ...get, headers: { authorization: null }, answer }], '/x.tar'),
    'tar',
  );
});

test('a percent sign in a password need not be an escape', async () => {
  const authorization = `Basic ${Buffer.from('me:100%').toString('base64')}`;
  const answer = { status: 200, body: 'tar' };
  const script = [{ method: 'GET', path: '/x', headers: { authorization }, answer }] as const;
  assert.equal(await fetchFrom(script, '/x', 'me:100%@'), 'tar');
});

test('redirects are followed, a busy server asked again', async () => {
  const body = await fetchFrom(
    [
      { method: 'GET', path: '/a', answer: { status: 302, headers: { location: '/b?x=1' } } },
      { method: 'GET', path: '/b?x=1', answer: { status: 503 } },
      { method: 'GET', path: '/a', answer: { status: 302, headers: { location: '/b?x=1' } } },
      { method: 'GET', path: '/b?x=1', answer: { status: 200, body: 'here' } },
    ],
    '/a',
  );
  assert.equal(body, 'here');
});

test('not for ever', async () => {
  const circle = {
    method: 'GET',
    path: '/a',
    answer: { status: 302, headers: { location: '/a' } },
  } as const;
  await assert.rejects(
    fetchFrom(
      Array.from({ length: 6 }, () => circle),
      '/a',
    ),
    {
      code: 'DOWNLOAD_FAILED',
      message: /stopped after 5 redirects$/,
    },
  );
});

test('what the server refuses, in docker’s words', async () => {
  const answer = { status: 404, body: 'a page' };
  await assert.rejects(fetchFrom([{ method: 'GET', path: '/x?secret', answer }], '/x?secret'), {
    code: 'DOWNLOAD_FAILED',
    message: /^failed to GET http:\/\/127\.0\.0\.1:\d+\/x with status 404 Not Found$/,
  });
});

test('a cut within the file is no shorter file', async () => {
  const answer = { status: 200, body: 'x'.repeat(1000), cutAfter: 500 };
  await assert.rejects(fetchFrom([{ method: 'GET', path: '/x', answer }], '/x'), {
    code: 'DOWNLOAD_FAILED',
  });
});

test('nobody there', async () => {
  await assert.rejects(download(new URL('http://127.0.0.1:1/x.tar'), { retry }), {
    code: 'DOWNLOAD_FAILED',
    message: 'Get "http://127.0.0.1:1/x.tar": dial tcp 127.0.0.1:1: connect: connection refused',
    hint: /check the address/,
  });
});
