/** The keys about looking after the registry: times, sizes, rules, and what is refused. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { DEFAULT_CONFIG } from '#core/registry-config.ts';
import { durationMs } from '#registry/config/duration.ts';
import { resolveConfig } from '#registry/config/resolve.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

function careOf(yaml: string, variables: Readonly<Record<string, string>> = {}) {
  using folder = tempFolder();
  const file = folder.at('registry.yaml');
  writeFileSync(file, yaml);
  return resolveConfig({ flags: {}, variable: (name) => variables[name], file }).care;
}

describe('care', () => {
  it('is that of the defaults where nothing is said', () => {
    assert.deepEqual(careOf('{}'), DEFAULT_CONFIG.care);
  });

  it('is read whole', () => {
    const yaml = `
gc: { interval: 15m, grace: 2h, uploads: 1d }
scrub: { interval: 4w, rate: 5MiB }
quota:
  total: 1GiB
  rules: [{ repositories: team/*, size: 10MiB }]
tags: [{ repositories: "/team-[ab]/", tags: "v*", immutable: true }, { tags: stable, protected: true }]
retention:
  interval: "off"
  rules:
    - { tags: dev-*, keep-last: 3, pushed-within: 7d, pulled-within: 12h, untagged: 90s }
`;
    assert.deepEqual(careOf(yaml, { SLIPWAY_REGISTRY_GC_GRACE: '3h' }), {
      gc: { intervalMs: 900_000, graceMs: 3 * 3_600_000, uploadTtlMs: 86_400_000 },
      scrub: { intervalMs: 28 * 86_400_000, bytesPerSecond: 5 * 1024 ** 2 },
      quota: { totalBytes: 1024 ** 3, rules: [{ repositories: 'team/*', bytes: 10 * 1024 ** 2 }] },
      tags: [
        { repositories: '/team-[ab]/', tags: 'v*', isImmutable: true, isProtected: false },
        { repositories: '**', tags: 'stable', isImmutable: false, isProtected: true },
      ],
      retention: {
        rules: [
          {
            repositories: '**',
            tags: 'dev-*',
            keepLast: 3,
            pushedWithinMs: 7 * 86_400_000,
            pulledWithinMs: 12 * 3_600_000,
            untaggedMs: 90_000,
          },
        ],
      },
    });
  });

  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['a time that is none', 'gc: { interval: soon }', /gc\.interval is "soon"/],
    ['no grace', 'gc: { grace: "off" }', /gc\.grace cannot be off/],
    ['too little of it', 'gc: { grace: 10s }', /gc\.grace is less than a minute/],
    ['a rule that keeps nothing', 'retention: { rules: [{ tags: x }] }', /nothing that is kept/],
    ['an unknown key', 'retention: { rules: [{ keep: 3 }] }', /has no key keep/],
    [
      'a broken expression',
      'tags: [{ tags: "/(/", protected: true }]',
      /Invalid regular expression/,
    ],
    ['a size that is none', 'quota: { rules: [{ size: big }] }', /size is "big"/],
    ['another key there', 'quota: { limit: 3 }', /there is no key quota\.limit/],
  ];
  for (const [name, yaml, message] of refusals) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => careOf(yaml),
        (error: unknown) => isSlipwayError(error, 'CONFIG_INVALID') && message.test(error.message),
      );
    });
  }

  it('times have a unit, or are seconds', () => {
    const cases = ['1', '90s', '15m', '12h', '7d', '2w', '0', '-1s', '1.5h', '1h30m', 'h', ''];
    assert.deepEqual(cases.map(durationMs), [
      ...[1000, 90_000, 900_000, 43_200_000, 604_800_000, 1_209_600_000],
      ...[undefined, undefined, undefined, undefined, undefined, undefined],
    ]);
  });
});
