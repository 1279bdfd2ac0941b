/** One line per request, and nothing in it that could be a secret. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import type { Answer, Exchange } from '#remote/exchange.ts';
import { tracing } from '#remote/tracing.ts';

const call = {
  method: 'PUT',
  url: new URL('https://user:pw@r.example/v2/x/blobs/uploads/1?digest=sha256:ab&_state=SECRET'),
  headers: { authorization: 'Basic SECRET' },
  scopes: [],
  isRepeatable: true,
} as const;

async function traced(exchange: Exchange): Promise<readonly string[]> {
  const lines: string[] = [];
  let now = 100;
  const clock = (): number => (now += 12);
  await tracing((line) => void lines.push(line), clock)(exchange)(call).catch(() => {});
  return lines;
}

const answering =
  (headers: Answer['headers']): Exchange =>
  async () => ({
    status: 201,
    headers,
    url: call.url,
    body: (async function* () {})(),
    discard: async () => {},
  });

test('what is left of a limit of requests', async () => {
  const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' };
  const [line = ''] = await traced(answering(headers));
  assert.match(line, / 201 \(76 of 100 requests left in this window of 6 hours\) 12ms$/);
});

test('method, URL, status and time', async () => {
  const lines = await traced(answering({ 'set-cookie': 'SECRET' }));
  assert.deepEqual(lines, [
    'http: PUT https://r.example/v2/x/blobs/uploads/1?digest=sha256:ab&_state=… 201 12ms',
  ]);
});

test('a failure in its own words', async () => {
  const lines = await traced(async () => {
    throw new SlipwayError('REGISTRY_UNREACHABLE', 'Put "https://r.example/": EOF');
  });
  assert.match(lines[0] ?? '', /… failed \(Put "https:\/\/r\.example\/": EOF\) 12ms$/);
});
