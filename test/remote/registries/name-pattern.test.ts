/** Which names an entry is about. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseReference } from '#core/reference.ts';
import {
  isPrivateAddress,
  matchLength,
  parseNamePattern,
  splitHost,
} from '#remote/registries/name-pattern.ts';

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'inside.example': ['10.1.2.3', 'fd00::1'],
  'outside.example': ['93.184.216.34'],
};
const lookup = async (name: string): Promise<readonly string[]> => ADDRESSES[name] ?? [];

const CASES: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
  ['docker.io', 'alpine', true],
  ['docker.io/library', 'alpine:3', true],
  ['docker.io/lib', 'alpine', false],
  ['docker.io/library/alpine', 'alpine:3', true],
  ['docker.io/library/alpine:3', 'alpine:3', true],
  ['docker.io/library/alpine:3', 'alpine:3.1', false],
  ['r.example', 'r.example:5000/x', true],
  ['r.example:5000', 'r.example/x', false],
  ['*.example.com', 'a.example.com/x', true],
  ['*.example.com', 'a.b.example.com:5000/x', true],
  ['*.example.com', 'example.com/x', false],
  ['*.example.com', 'a.example.org/x', false],
  ['*.example.com/team', 'a.example.com/team/x', true],
  ['*.example.com/team', 'a.example.com/teams/x', false],
  ['10.0.0.0/8', '10.200.0.1:5000/x', true],
  ['10.0.0.0/8', '11.0.0.1:5000/x', false],
  ['10.0.0.0/8', 'inside.example:5000/x', true],
  ['10.0.0.0/8', 'outside.example/x', false],
  ['fd00::/8', 'inside.example/x', true],
  ['fd00::/8', '[fd12::1]:5000/x', true],
  ['fd00::/8', '[fe80::1]:5000/x', false],
];

describe('matchLength', () => {
  for (const [text, name, matches] of CASES) {
    it(`${text} ${matches ? 'is about' : 'is not about'} ${name}`, async () => {
      const pattern = parseNamePattern(text);
      assert.ok(pattern);
      const length = await matchLength(pattern, parseReference(name), lookup);
      assert.equal(length !== undefined, matches);
    });
  }
});

describe('parseNamePattern', () => {
  for (const text of ['', 'https://r.example', 'r.example/', 'a*b', '*.', '*.a.*', 'a b']) {
    it(`refuses "${text}"`, () => assert.equal(parseNamePattern(text), undefined));
  }
  it('33 bits are no network, and so a name', () => {
    assert.equal(parseNamePattern('10.0.0.0/33')?.kind, 'prefix');
  });
});

describe('splitHost', () => {
  const cases = [
    ['r.example:5000', { hostname: 'r.example', port: '5000' }],
    ['r.example', { hostname: 'r.example' }],
    ['[::1]:5000', { hostname: '::1', port: '5000' }],
    ['[::1]', { hostname: '::1' }],
  ] as const;
  for (const [host, parts] of cases) {
    it(host, () => assert.deepEqual(splitHost(host), parts));
  }
});

describe('isPrivateAddress', () => {
  const inside = ['10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.1.1', '127.0.0.1'];
  for (const address of [...inside, '::1', 'fd00::1', 'fe80::1']) {
    it(address, () => assert.ok(isPrivateAddress(address)));
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '2001:db8::1']) {
    it(`not ${address}`, () => assert.ok(!isPrivateAddress(address)));
  }
});
