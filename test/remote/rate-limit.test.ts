/** Docker Hub's rate limits: when they are told, and in which words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { scriptedPeer } from '#test/helpers/scripted-peer.ts';

const DIGEST = digestOf(Buffer.from('0123456789'));
const BLOB = `/v2/test/app/blobs/${DIGEST}`;
const limits = (remaining: number): Record<string, string> => ({
  'ratelimit-limit': '100;w=21600',
  'ratelimit-remaining': `${remaining};w=21600`,
});

async function notesFor(remaining: readonly number[]): Promise<readonly string[]> {
  await using peer = await scriptedPeer(
    remaining.map((left) => ({
      method: 'HEAD',
      path: BLOB,
      answer: { status: 200, headers: limits(left), body: '0123456789' },
    })),
  );
  const events: Event[] = [];
  await using remote = remoteAt(peer.address, { events: (event) => void events.push(event) });
  for (const _ of remaining) await remote.blobs.stat(DIGEST);
  return events.flatMap((event) =>
    event.kind === 'note' ? [event.text.replace(peer.address, 'r')] : [],
  );
}

describe('rate limits', () => {
  it('plenty is not told', async () => assert.deepEqual(await notesFor([99, 20]), []));

  it('little is told once', async () => {
    assert.deepEqual(await notesFor([99, 19, 18]), [
      'r: 19 of 100 requests left in this window of 6 hours',
    ]);
  });

  it('nothing: in the hint of the refusal', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: '/v2/test/app/manifests/1',
        answer: { status: 429, headers: limits(0) },
      },
    ]);
    await using remote = remoteAt(peer.address, { retry: { attemptsMax: 1 } });
    await assert.rejects(remote.getManifest('1'), {
      code: 'TOO_MANY_REQUESTS',
      message: 'toomanyrequests: the registry limits the rate of requests',
      hint: '0 of 100 requests left in this window of 6 hours: wait and try again, or log in for a higher limit',
    });
  });
});
