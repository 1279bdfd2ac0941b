/** Which of TLS and plain HTTP is kept, told by exchanges that are plain functions. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { endpointOf } from '#remote/endpoint.ts';
import { type Answer, type Call, readBounded } from '#remote/exchange.ts';
import { choosingScheme, type Way } from '#remote/scheme-choice.ts';

const REGISTRY = '10.0.0.7:5000';

function answer(status: number, text = ''): Answer {
  return {
    status,
    headers: {},
    url: new URL('http://x/'),
    body: (async function* () {
      yield Buffer.from(text);
    })(),
    discard: async () => {},
  };
}

const unreachable = (): never => {
  throw new SlipwayError('REGISTRY_UNREACHABLE', 'no');
};

/** Keeps what it was asked. */
function way(scheme: 'http' | 'https', reply: (call: Call) => Answer, seen: string[]): Way {
  return {
    endpoint: endpointOf(REGISTRY, scheme),
    send: async (call) => {
      seen.push(call.url.href);
      return reply(call);
    },
  };
}

const call = (path: string): Call => ({
  method: 'GET',
  url: new URL(path, `https://${REGISTRY}/`),
  scopes: [],
  isRepeatable: true,
});

describe('choosingScheme', () => {
  it('the first that answers is kept, and plain HTTP is told', async () => {
    const seen: string[] = [];
    const events: Event[] = [];
    const send = choosingScheme(
      [way('https', unreachable, seen), way('http', () => answer(200), seen)],
      { chosen: undefined },
      (event) => void events.push(event),
    );
    await send(call('/v2/a?b=c'));
    await send(call('/v2/d'));
    assert.deepEqual(seen, [
      `https://${REGISTRY}/v2/a?b=c`,
      `http://${REGISTRY}/v2/a?b=c`,
      `http://${REGISTRY}/v2/d`,
    ]);
    assert.equal(events.length, 1);
  });

  const WANTS_TLS = [
    'Client sent an HTTP request to an HTTPS server.\n',
    '<center>The plain HTTP request was sent to HTTPS port</center>',
  ];
  for (const text of WANTS_TLS) {
    it(`a 400 that says "${text.slice(0, 30)}…" is no answer`, async () => {
      const seen: string[] = [];
      const send = choosingScheme(
        [way('http', () => answer(400, text), seen), way('https', () => answer(200), seen)],
        { chosen: undefined },
        () => {},
      );
      const url = new URL('/v2/', `http://${REGISTRY}/`);
      assert.equal((await send({ ...call('/'), url })).status, 200);
    });
  }

  it('another 400 is an answer, whole', async () => {
    const send = choosingScheme(
      [way('http', () => answer(400, 'bad name'), []), way('https', unreachable, [])],
      { chosen: undefined },
      () => {},
    );
    const found = await send({ ...call('/'), url: new URL(`http://${REGISTRY}/v2/`) });
    assert.equal(found.status, 400);
    assert.equal(Buffer.from((await readBounded(found, 100)) ?? []).toString(), 'bad name');
  });

  it('nobody answers: what the first says', async () => {
    const first = (): never => {
      throw new SlipwayError('REGISTRY_UNREACHABLE', 'the first');
    };
    const send = choosingScheme(
      [way('https', first, []), way('http', unreachable, [])],
      { chosen: undefined },
      () => {},
    );
    await assert.rejects(send(call('/v2/')), { message: 'the first' });
  });

  for (const failure of ['unknown-authority', 'certificate']) {
    it(`TLS that is not believed (${failure}) does not become plain HTTP`, async () => {
      const seen: string[] = [];
      const distrusted = (): never => {
        throw new SlipwayError('REGISTRY_UNREACHABLE', 'x509', { detail: { failure } });
      };
      const send = choosingScheme(
        [way('https', distrusted, seen), way('http', () => answer(200), seen)],
        { chosen: undefined },
        () => {},
      );
      await assert.rejects(send(call('/v2/')), { message: 'x509' });
      assert.equal(seen.length, 1);
    });
  }

  it('other failures are not tried another way', async () => {
    const cancelled = (): never => {
      throw new SlipwayError('CANCELLED', 'context canceled');
    };
    const seen: string[] = [];
    const send = choosingScheme(
      [way('https', cancelled, seen), way('http', () => answer(200), seen)],
      { chosen: undefined },
      () => {},
    );
    await assert.rejects(send(call('/v2/')), { code: 'CANCELLED' });
    assert.equal(seen.length, 1);
  });
});
