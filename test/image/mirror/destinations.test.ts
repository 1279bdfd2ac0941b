/** What a mirrored repository is called. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorEntry, MirrorNaming } from '#core/mirror.ts';
import { familiarName, parseReference } from '#core/reference.ts';
import { destinationOf } from '#image/mirror/destinations.ts';
import { SELECT_ALL } from '#image/mirror/fields.ts';

const ENTRY: MirrorEntry = {
  origin: 'images[0]',
  source: { kind: 'repository', name: '' },
  rewrite: [],
  tags: SELECT_ALL,
  noReferrers: false,
  prune: false,
};

function named(
  source: string,
  entry: Partial<MirrorEntry>,
  options: { readonly destination?: string; readonly naming?: MirrorNaming } = {},
): string {
  const how = { naming: 'path', ...options } as const;
  return familiarName(destinationOf(parseReference(source), { ...ENTRY, ...entry }, how));
}

const below = (name: string) => ({ destination: { name, isWhole: false } });

for (const [what, given, expected] of [
  ['below a prefix', named('ghcr.io/team/app', below('h:5000/m')), 'h:5000/m/team/app'],
  ['below a host alone', named('ghcr.io/team/app', below('h:5000')), 'h:5000/team/app'],
  ['a host without a port', named('a.b/x', below('mirror.example')), 'mirror.example/x'],
  ['official images without library', named('alpine', below('h:5000/m')), 'h:5000/m/alpine'],
  ['others of Docker Hub', named('team/app', below('h:5000')), 'h:5000/team/app'],
  [
    'a name of its own',
    named('alpine', { destination: { name: 'h:5000/base', isWhole: true } }),
    'h:5000/base',
  ],
  [
    'what the command says',
    named('a.b/x', {}, { destination: 'docker://h:5000/m/' }),
    'h:5000/m/x',
  ],
  ['the last part alone', named('a.b/x/y', below('h:5000'), { naming: 'base' }), 'h:5000/y'],
  [
    'below its host',
    named('a.b:5000/x/y', below('h:5000/m'), { naming: 'scoped' }),
    'h:5000/m/a.b-5000/x/y',
  ],
  [
    'rewritten by the first rule that fits',
    named('team/app', {
      ...below('h:5000'),
      rewrite: [
        { from: /^other\//, to: 'x/' },
        { from: /^team\/(.*)$/, to: 'our/$1/v2' },
        { from: /app/, to: 'never' },
      ],
    }),
    'h:5000/our/app/v2',
  ],
] as const) {
  test(what, () => assert.equal(given, expected));
}

test('no destination at all, and one without a host', () => {
  assert.throws(() => named('alpine', {}), { code: 'CONFIG_INVALID', message: /images\[0\]/ });
  assert.throws(() => named('alpine', below('mirror')), {
    code: 'CONFIG_INVALID',
    message: /host/,
  });
  assert.throws(() => named('alpine', below('h:5000/UP')), { code: 'REFERENCE_INVALID' });
});
