/** `--cache-from` and `--cache-to`. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { cacheSourceIn, cacheTargetIn } from '#cli/cache-option.ts';
import type { CacheSource, CacheTarget } from '#core/build-cache.ts';
import { digestOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { parseReference, parseTag } from '#core/reference.ts';

const digest = digestOf('x');
const folder = resolve('cache');

for (const [text, source] of [
  ['reg.test/app', { kind: 'registry', reference: parseReference('reg.test/app') }],
  ['type=registry,ref=reg.test/app:c', { kind: 'registry', reference: parseTag('reg.test/app:c') }],
  ['type=local,src=cache', { kind: 'local', folder, tag: 'latest' }],
  ['type=local,src=cache,tag=main', { kind: 'local', folder, tag: 'main' }],
  [
    'type=local,src=cache,cache-mounts=false',
    { kind: 'local', folder, tag: 'latest', noMounts: true },
  ],
  [`type=local,src=cache,digest=${digest}`, { kind: 'local', folder, digest }],
] as const satisfies readonly (readonly [string, CacheSource])[]) {
  test(`from ${text}`, () => assert.deepEqual(cacheSourceIn(text), source));
}

const place = { kind: 'registry', reference: parseTag('reg.test/app:latest') } as const;
const rest = { mode: 'min', ignoreError: false } as const;
const targets: readonly (readonly [string, CacheTarget])[] = [
  ['type=inline', { kind: 'inline' }],
  ['reg.test/app', { kind: 'place', place, ...rest }],
  ['type=registry,ref=reg.test/app,mode=max', { kind: 'place', place, ...rest, mode: 'max' }],
  [
    'type=local,dest=cache,ignore-error=true',
    {
      kind: 'place',
      place: { kind: 'local', folder, tag: 'latest' },
      mode: 'min',
      ignoreError: true,
    },
  ],
  [
    'type=local,dest=cache,reset=true,cache-mounts=true',
    {
      kind: 'place',
      place: { kind: 'local', folder, tag: 'latest', reset: true },
      mode: 'min',
      ignoreError: false,
      mounts: { ids: 'all', bytesMax: 1024 ** 3 },
    },
  ],
  [
    'type=registry,ref=reg.test/app,cache-mounts=/root/.npm;pip,cache-mounts-max=2g',
    {
      kind: 'place',
      place,
      ...rest,
      mounts: { ids: ['/root/.npm', 'pip'], bytesMax: 2 * 1024 ** 3 },
    },
  ],
  ['type=registry,ref=reg.test/app,cache-mounts=false', { kind: 'place', place, ...rest }],
];
for (const [text, target] of targets) {
  test(`to ${text}`, () => assert.deepEqual(cacheTargetIn(text), target));
}

const refused: readonly (readonly [string, (text: string) => unknown, RegExp])[] = [
  ['type=gha', cacheSourceIn, /^unknown cache type: "gha"$/],
  ['type=inline', cacheSourceIn, /^unknown cache type: "inline"$/],
  ['ref=x,mode=max', cacheTargetIn, /^type is required for a cache$/],
  ['type=local', cacheSourceIn, /^src is required for cache type=local$/],
  ['type=local,src=x', cacheTargetIn, /^dest is required for cache type=local$/],
  ['type=registry,ref=x,mode=all', cacheTargetIn, /^invalid cache export mode: all$/],
  [
    'type=local,dest=x,cache-mounts-max=1g',
    cacheTargetIn,
    /^cache-mounts-max without cache-mounts$/,
  ],
  [
    'type=local,dest=x,cache-mounts=true,cache-mounts-max=big',
    cacheTargetIn,
    /invalid size: 'big'/,
  ],
  ['type=registry,ref=x,speed=1', cacheTargetIn, /^unknown attribute "speed" of cache type=reg/],
];
for (const [text, parse, message] of refused) {
  test(`refuses ${text}: ${message.source}`, () => {
    assert.throws(
      () => parse(text),
      (error) => isSlipwayError(error, 'USAGE') && message.test(error.message),
    );
  });
}
