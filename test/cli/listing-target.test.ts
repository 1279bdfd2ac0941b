/** What `slipway ls NAME` is about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listingTarget } from '#cli/listing-target.ts';

const TARGETS: Readonly<Record<string, object>> = {
  'localhost:5000': { kind: 'registry', registry: 'localhost:5000' },
  localhost: { kind: 'registry', registry: 'localhost' },
  'registry.example.com': { kind: 'registry', registry: 'registry.example.com' },
  'house:5000': { kind: 'registry', registry: 'house:5000' },
  'house:5000/': { kind: 'registry', registry: 'house:5000' },
  '[::1]:5000': { kind: 'registry', registry: '[::1]:5000' },
  'http://localhost:5000/': { kind: 'registry', registry: 'localhost:5000' },
  'index.docker.io': { kind: 'registry', registry: 'docker.io' },
  alpine: { kind: 'repository', name: 'alpine' },
  house: { kind: 'repository', name: 'house' },
  'team/app': { kind: 'repository', name: 'team/app' },
  'localhost:5000/app': { kind: 'repository', name: 'localhost:5000/app' },
  'house:5000/team/app/': { kind: 'repository', name: 'house:5000/team/app' },
};

for (const [text, target] of Object.entries(TARGETS)) {
  test(`${text} is a ${'registry' in target ? 'registry' : 'repository'}`, () => {
    assert.deepEqual(listingTarget(text), target);
  });
}

test('an image is no repository: the name that is meant', () => {
  for (const text of ['alpine:3.20', 'alpine:3', `alpine@sha256:${'0'.repeat(64)}`]) {
    assert.throws(() => listingTarget(text), {
      code: 'REFERENCE_INVALID',
      hint: 'slipway ls alpine lists its tags',
    });
  }
});

test('nonsense is refused', () => {
  for (const text of ['', 'UPPER/Case', 'a b']) {
    assert.throws(() => listingTarget(text), { code: 'REFERENCE_INVALID' });
  }
});
