/** WWW-Authenticate headers as registries send them, and as nobody should. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseChallenges } from '#remote/challenge.ts';

type Parsed = readonly (readonly [scheme: string, parameters: Readonly<Record<string, string>>])[];

const CASES: readonly (readonly [header: string, parsed: Parsed])[] = [
  ['', []],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      [
        'bearer',
        {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:a/b:pull,push',
        },
      ],
    ],
  ],
  ['Basic realm=Registry', [['basic', { realm: 'Registry' }]]],
  ['BASIC REALM="x"', [['basic', { realm: 'x' }]]],
  [
    'Basic realm="a, b", Bearer realm="c" , service = "d"',
    [
      ['basic', { realm: 'a, b' }],
      ['bearer', { realm: 'c', service: 'd' }],
    ],
  ],
  ['Bearer realm="say \\"hi\\""', [['bearer', { realm: 'say "hi"' }]]],
  [
    'Negotiate, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'Negotiate dG9rZW4=, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [', ,Basic realm="x",', [['basic', { realm: 'x' }]]],
  [
    'Bearer realm="never closed',
    [
      ['bearer', {}],
      ['realm', {}],
    ],
  ],
  ['"nonsense"', []],
];

describe('parseChallenges', () => {
  for (const [header, parsed] of CASES) {
    it(header === '' ? 'nothing' : header, () => {
      const found = parseChallenges(header).map(({ scheme, parameters }) => [
        scheme,
        Object.fromEntries(parameters),
      ]);
      assert.deepEqual(found, parsed);
    });
  }

  it('a very long header ends', () => {
    assert.ok(parseChallenges('a '.repeat(100_000)).length > 0);
    assert.ok(parseChallenges(`Basic realm="${'\\'.repeat(100_000)}`).length > 0);
  });
});
