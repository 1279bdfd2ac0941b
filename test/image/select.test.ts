/** Which image of an index a platform gets. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { ImageIndex } from '#core/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#core/media-type.ts';
import { parsePlatform } from '#core/platform.ts';
import { selectManifest } from '#image/select.ts';

const CASES: readonly {
  readonly fact: string;
  readonly there: readonly string[];
  readonly wanted: string;
  readonly gets: string | undefined;
}[] = [
  {
    fact: 'the exact platform',
    there: ['linux/arm64', 'linux/amd64'],
    wanted: 'linux/amd64',
    gets: 'linux/amd64',
  },
  {
    fact: 'an alias of the architecture',
    there: ['linux/amd64'],
    wanted: 'linux/x86_64',
    gets: 'linux/amd64',
  },
  {
    fact: 'the exact variant before an older one',
    there: ['linux/arm/v6', 'linux/arm/v7'],
    wanted: 'linux/arm/v7',
    gets: 'linux/arm/v7',
  },
  {
    fact: 'an older variant where the exact one is missing',
    there: ['linux/arm/v5', 'linux/arm/v6'],
    wanted: 'linux/arm/v7',
    gets: 'linux/arm/v6',
  },
  {
    fact: 'never a newer variant',
    there: ['linux/arm/v7'],
    wanted: 'linux/arm/v6',
    gets: undefined,
  },
  {
    fact: 'amd64 v3 falls back to plain amd64',
    there: ['linux/amd64'],
    wanted: 'linux/amd64/v3',
    gets: 'linux/amd64',
  },
  {
    fact: 'plain amd64 does not get v3',
    there: ['linux/amd64/v3'],
    wanted: 'linux/amd64',
    gets: undefined,
  },
  {
    fact: 'arm64 v8 is arm64',
    there: ['linux/arm64/v8'],
    wanted: 'linux/arm64',
    gets: 'linux/arm64/v8',
  },
  {
    fact: 'another system is another platform',
    there: ['windows/amd64'],
    wanted: 'linux/amd64',
    gets: undefined,
  },
  {
    fact: 'attestations are no images',
    there: ['unknown/unknown', 'linux/amd64'],
    wanted: 'linux/amd64',
    gets: 'linux/amd64',
  },
];

const X64 = { os: 'linux', architecture: 'amd64' };

describe('selectManifest', () => {
  for (const { fact, there, wanted, gets } of CASES) {
    it(fact, () => {
      const select = () => selectManifest(indexOf(there), parsePlatform(wanted, X64)).digest;
      if (gets === undefined) assert.throws(select, { code: 'PLATFORM_UNKNOWN' });
      else assert.equal(select(), digestOf(gets));
    });
  }

  it('a lone image without a platform fits everybody', () => {
    const index = indexOf([]);
    const lone = { mediaType: OCI_MANIFEST, digest: digestOf('x'), size: 1 };
    const found = selectManifest(
      { ...index, manifests: [lone] },
      parsePlatform('linux/amd64', X64),
    );
    assert.equal(found.digest, lone.digest);
  });

  it('PLATFORM_UNKNOWN lists what there is', () => {
    const index = indexOf(['linux/arm64', 'windows/amd64']);
    try {
      selectManifest(index, parsePlatform('linux/s390x', X64));
      assert.fail('must throw');
    } catch (error) {
      assert.ok(isSlipwayError(error, 'PLATFORM_UNKNOWN'));
      assert.equal(error.hint, 'choose one of linux/arm64, windows/amd64 with --platform');
    }
  });
});

/** An index whose manifests have the digest of their platform's name. */
function indexOf(platforms: readonly string[]): ImageIndex {
  return {
    kind: 'index',
    mediaType: OCI_INDEX,
    annotations: {},
    manifests: platforms.map((text) => ({
      mediaType: OCI_MANIFEST,
      digest: digestOf(text),
      size: 1,
      platform: parsePlatform(text, X64),
    })),
  };
}
