/** Where podman would look for a short name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRegistriesConf } from '#remote/registries/registries-conf.ts';
import { podmanNames } from '#remote/registries/short-names.ts';

const CONF = parseRegistriesConf(
  `unqualified-search-registries = ["a.example", "docker.io"]
  [aliases]
  fedora = "registry.fedoraproject.org/fedora"
  "team/app" = "r.example/team/app"`,
  '/r.conf',
);
const DIGEST = `sha256:${'a'.repeat(64)}`;

const CASES: readonly (readonly [name: string, tried: readonly string[]])[] = [
  ['fedora', ['registry.fedoraproject.org/fedora']],
  ['fedora:40', ['registry.fedoraproject.org/fedora:40']],
  [`fedora@${DIGEST}`, [`registry.fedoraproject.org/fedora@${DIGEST}`]],
  ['team/app:1', ['r.example/team/app:1']],
  ['alpine:3', ['a.example/alpine:3', 'docker.io/alpine:3']],
  ['docker.io/library/fedora', []],
  ['quay.io/fedora', []],
];

describe('podmanNames', () => {
  for (const [name, tried] of CASES) {
    it(`${name}: ${tried.join(', ') || 'as it is'}`, () => {
      assert.deepEqual(
        podmanNames(name, CONF).map(({ value }) => value),
        tried,
      );
    });
  }

  it('says which file has the rule', () => {
    assert.equal(podmanNames('fedora', CONF)[0]?.origin, '/r.conf: aliases');
    assert.equal(podmanNames('x', CONF)[0]?.origin, '/r.conf: unqualified-search-registries');
  });
});
