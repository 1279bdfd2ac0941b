/** ChainIDs as the specification defines them (image-spec config.md §Layer ChainID). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { chainIdOf } from '#core/chain-id.ts';
import { digestOf } from '#core/digest.ts';

const [A, B, C] = [digestOf('A'), digestOf('B'), digestOf('C')];

/** The recursive definition, word for word. */
function chain(...diffIds: readonly string[]): string {
  const last = diffIds.at(-1) ?? '';
  if (diffIds.length === 1) return last;
  const below = chain(...diffIds.slice(0, -1));
  return `sha256:${createHash('sha256').update(`${below} ${last}`).digest('hex')}`;
}

describe('chainIdOf', () => {
  it('no layer has no chain', () => assert.equal(chainIdOf([]), undefined));

  it('the chain of one layer is its diffID', () => assert.equal(chainIdOf([A]), A));

  it('follows the definition', () => {
    assert.equal(chainIdOf([A, B]), chain(A, B));
    assert.equal(chainIdOf([A, B, C]), chain(A, B, C));
    assert.equal(chainIdOf([A, B, C]), digestOf(`${digestOf(`${A} ${B}`)} ${C}`));
  });

  it('matches digests made with other tools', () => {
    // printf '%s %s' with sha256sum, of the digests of "a" and "b".
    assert.equal(
      chainIdOf([digestOf('a'), digestOf('b')]),
      'sha256:51c0c8ace48498d6f5fee6b0592cc06f2da0f3cbe09c5a34a97dce85c3889676',
    );
  });

  it('depends on the order', () => assert.notEqual(chainIdOf([A, B]), chainIdOf([B, A])));

  it('depends on everything below', () => assert.notEqual(chainIdOf([A, C]), chainIdOf([B, C])));
});
