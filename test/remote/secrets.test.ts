/** What must not be seen, and what may: errors, notes and traces of a connection that has secrets. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import type { Credentials } from '#remote/credentials.ts';
import { Secrets } from '#remote/secrets.ts';
import { hostPlan, remoteTo } from '#test/helpers/registry.ts';
import { scriptedPeer } from '#test/helpers/scripted-peer.ts';

const SECRET = 's3cret/+ word';
const BASIC = Buffer.from(`me:${SECRET}`).toString('base64');
const credentials: Credentials = {
  find: async () => ({
    value: { kind: 'password', username: 'me', password: SECRET },
    origin: 'test',
  }),
};

describe('Secrets', () => {
  it('as it is, in URLs, and as Basic', () => {
    const secrets = new Secrets();
    secrets.addCredential({ kind: 'password', username: 'me', password: SECRET });
    const told = secrets.clean(`a ${SECRET} b ${encodeURIComponent(SECRET)} c ${BASIC} d`);
    assert.equal(told, 'a [redacted] b [redacted] c [redacted] d');
  });

  it('of two that begin alike the longer one', () => {
    const secrets = new Secrets();
    secrets.add('token', 'token-more');
    assert.equal(secrets.clean('token-more'), '[redacted]');
  });

  it('one of three letters would blot out everything', () => {
    const secrets = new Secrets();
    secrets.add('abc');
    assert.equal(secrets.clean('abcdef'), 'abcdef');
  });

  it('errors: message, hint and detail; the code stays', () => {
    const secrets = new Secrets();
    secrets.add('hunter22');
    const error = new SlipwayError('REGISTRY_REFUSED', 'no hunter22', {
      hint: 'try hunter22',
      detail: { said: ['hunter22'] },
    });
    const clean = secrets.cleanError(error);
    assert.ok(clean instanceof SlipwayError);
    assert.equal(clean.code, 'REGISTRY_REFUSED');
    assert.ok(!inspect(clean, { depth: 9 }).includes('hunter22'));
  });
});

describe('a registry that repeats what it was sent', () => {
  it('is not repeated by us: error, warning and trace', async () => {
    const echo = `you are Basic ${BASIC}, your password is ${SECRET}`;
    const digest = digestOf(Buffer.from('x'));
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: `/v2/app/manifests/${digest}`,
        answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
      },
      {
        method: 'GET',
        path: `/v2/app/manifests/${digest}`,
        headers: { authorization: `Basic ${BASIC}`, 'x-key': 'configured-key' },
        answer: {
          status: 500,
          headers: { warning: `299 - "${echo} configured-key"` },
          body: JSON.stringify({ errors: [{ code: 'UNKNOWN', message: echo }] }),
        },
      },
    ]);
    const events: Event[] = [];
    const lines: string[] = [];
    await using remote = remoteTo(
      [
        hostPlan({
          registry: peer.address,
          repository: 'app',
          headers: { value: { 'x-key': 'configured-key' }, origin: 'own.yaml' },
        }),
      ],
      {
        credentials,
        events: (event) => void events.push(event),
        trace: (line) => void lines.push(line),
        retry: { attemptsMax: 1 },
      },
    );
    const error: unknown = await remote.getManifest(digest).catch((caught: unknown) => caught);
    const told = inspect([error, events, lines], { depth: 9 });
    assert.match(told, /you are Basic \[redacted\], your password is \[redacted\]/);
    for (const secret of [SECRET, BASIC, 'configured-key']) assert.ok(!told.includes(secret));
    assert.equal(lines.length, 2);
    assert.match(
      lines[1] ?? '',
      /^http: GET http:\/\/127\.0\.0\.1:\d+\/v2\/app\/manifests\/sha256:\w+ 500 \d+ms$/,
    );
  });
});
