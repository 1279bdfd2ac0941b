/** Names of upstreams inside one another: whose a repository is, asked by any of its names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upstreamOf } from '#registry/config/upstreams.ts';
import { originOf, placeOf } from '#registry/proxy/names.ts';
import { openUpstream } from '#registry/proxy/upstream.ts';

const OUTER = upstreamOf('http://outer.test', { name: 'outer', repositories: ['**'] });
const CLOSED = upstreamOf('http://closed.test', {
  name: 'closed',
  prefixes: ['outer/team'],
  credentials: { kind: 'password', username: 'u', password: 'p' },
});
const UPSTREAMS = [OUTER, CLOSED].map((config) => openUpstream(config, Date.now));

async function asked(name: string, namespace: string | null): Promise<readonly unknown[]> {
  const options = { upstreams: UPSTREAMS, ownNames: [], isLocal: async () => false };
  const kept = await placeOf(name, namespace, options);
  const origin = originOf(kept, UPSTREAMS);
  return [kept, origin?.upstream.config.name, origin?.repository];
}

test('a prefix inside another upstream leads to its own upstream, kept under its name', async () => {
  assert.deepEqual(await asked('outer/team/app', null), ['closed/app', 'closed', 'app']);
});

test('what is kept under the name of one upstream is never asked for with the password of another', async () => {
  const expected = ['outer/team/app', 'outer', 'team/app'];
  assert.deepEqual(await asked('team/app', 'outer'), expected);
  assert.deepEqual(await asked('team/app', null), expected);
});
