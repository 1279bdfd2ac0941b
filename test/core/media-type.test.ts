/** Media types: what is a manifest, an index, a layer, and how a layer is compressed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as types from '#core/media-type.ts';

interface Expected {
  readonly manifest?: true;
  readonly index?: true;
  readonly compression?: types.LayerCompression;
}

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';

/** Spelled out once more: a typing error in the constants would make images nobody can read. */
const table: readonly (readonly [mediaType: string, expected: Expected])[] = [
  [`${OCI}.index.v1+json`, { manifest: true, index: true }],
  [`${OCI}.manifest.v1+json`, { manifest: true }],
  [`${OCI}.config.v1+json`, {}],
  [`${OCI}.layer.v1.tar`, { compression: 'none' }],
  [`${OCI}.layer.v1.tar+gzip`, { compression: 'gzip' }],
  [`${OCI}.layer.v1.tar+zstd`, { compression: 'zstd' }],
  [`${DOCKER}.distribution.manifest.list.v2+json`, { manifest: true, index: true }],
  [`${DOCKER}.distribution.manifest.v2+json`, { manifest: true }],
  [`${DOCKER}.container.image.v1+json`, {}],
  [`${DOCKER}.image.rootfs.diff.tar`, { compression: 'none' }],
  [`${DOCKER}.image.rootfs.diff.tar.gzip`, { compression: 'gzip' }],
  [`${DOCKER}.image.rootfs.diff.tar.zstd`, { compression: 'zstd' }],
  [`${DOCKER}.distribution.manifest.v1+prettyjws`, {}],
  [`${OCI}.layer.v1.tar+bzip2`, {}],
  [`${OCI}.layer.v1.tar+gzip;x=y`, {}],
  [`${OCI.toUpperCase()}.INDEX.V1+JSON`, {}],
  ['application/json', {}],
  ['', {}],
];

describe('media types', () => {
  for (const [mediaType, { manifest = false, index = false, compression }] of table) {
    it(mediaType || '(none)', () => {
      assert.equal(types.isManifestType(mediaType), manifest);
      assert.equal(types.isIndexType(mediaType), index);
      assert.equal(types.layerCompressionOf(mediaType), compression);
    });
  }

  it('every constant stands in the table above', () => {
    const known = new Set(table.map(([mediaType]) => mediaType));
    const constants = Object.values(types).filter((value) => typeof value === 'string');
    assert.equal(constants.length, 12);
    for (const constant of constants) assert.ok(known.has(constant), constant);
  });

  it('what a client accepts is what it can read', () => {
    for (const mediaType of types.MANIFEST_MEDIA_TYPES) {
      assert.equal(types.isManifestType(mediaType), true);
    }
    assert.equal(types.MANIFEST_MEDIA_TYPES.length, 4);
  });
});
