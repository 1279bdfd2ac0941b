/** Manifests and indexes: OCI and Docker read and written, and damage refused where it is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Descriptor } from '#core/descriptor.ts';
import { digestOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import {
  childrenOf,
  decodeManifest,
  descriptorOf,
  encodeImageManifest,
  encodeIndex,
  MANIFEST_SIZE_BYTES_MAX,
  rawManifest,
} from '#core/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '#core/media-type.ts';
import type { RawManifest } from '#core/repository.ts';

const CONFIG = described('config', OCI_CONFIG);
const LAYERS = [described('base', OCI_LAYER_GZIP), described('top', OCI_LAYER)];

/** As JSON.parse would give it. */
type Document = Readonly<Record<string, unknown>>;

function described(content: string, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length };
}

function bytesOf(document: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}

function raw(document: unknown, mediaType: string): RawManifest {
  const bytes = bytesOf(document);
  return { mediaType, digest: digestOf(bytes), bytes };
}

function without(document: Document, key: string): Document {
  return Object.fromEntries(Object.entries(document).filter(([name]) => name !== key));
}

function invalid(work: () => unknown, message: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(isSlipwayError(error, 'MANIFEST_INVALID'), String(error));
    assert.match(error.message, message);
    return true;
  });
}

const image: Document = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { ...CONFIG },
  layers: LAYERS,
};

const index: Document = {
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [{ ...described('image', OCI_MANIFEST) }],
};

describe('rawManifest', () => {
  it('keeps the bytes, and their digest is of just these', () => {
    const bytes = Buffer.from(`  ${JSON.stringify(image)}\n`);
    assert.deepEqual(rawManifest(bytes), {
      mediaType: OCI_MANIFEST,
      digest: digestOf(bytes),
      bytes,
    });
  });

  const types: readonly (readonly [
    fact: string,
    document: Document,
    contentType: string | undefined,
    mediaType: string,
  ])[] = [
    ['what the document states wins', { mediaType: DOCKER_LIST }, OCI_INDEX, DOCKER_LIST],
    ['its fields win over a header', { manifests: [] }, DOCKER_MANIFEST, OCI_INDEX],
    ['config and layers are an image', { config: {}, layers: [] }, undefined, OCI_MANIFEST],
    ['a header helps where nothing else does', {}, DOCKER_MANIFEST, DOCKER_MANIFEST],
  ];
  for (const [fact, document, contentType, mediaType] of types) {
    it(fact, () => {
      assert.equal(rawManifest(bytesOf(document), contentType).mediaType, mediaType);
    });
  }

  const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
  const refused: readonly (readonly [
    fact: string,
    bytes: Uint8Array,
    message: RegExp,
    contentType?: string,
  ])[] = [
    ['what is not JSON', Buffer.from('{'), /^manifest invalid: manifest is not valid JSON$/],
    ['what is no object', Buffer.from('[]'), /^manifest invalid: manifest: \/ must be an object$/],
    ['a media type that is no text', bytesOf({ mediaType: 1 }), /\/mediaType must be a string$/],
    ['a document nobody says anything of', bytesOf({}), /unsupported media type \(none\)$/],
    ['a config', bytesOf({ config: {}, rootfs: {} }), /unsupported media type \(none\)$/],
    [
      'schema 1',
      bytesOf({ schemaVersion: 1 }),
      /schema 1 is not supported: .*v1\+prettyjws$/,
      schema1,
    ],
    ['a layer', bytesOf({ mediaType: OCI_LAYER }), /unsupported media type .*v1\.tar$/],
  ];
  for (const [fact, bytes, message, contentType] of refused) {
    it(`refuses ${fact}`, () => invalid(() => rawManifest(bytes, contentType), message));
  }
});

describe('decodeManifest', () => {
  it('reads an OCI image with everything it can have', () => {
    const subject = described('subject', OCI_MANIFEST);
    const full = {
      ...image,
      subject,
      artifactType: 'application/x',
      annotations: { a: '1' },
      unknown: { kept: false },
    };
    assert.deepEqual(decodeManifest(raw(full, OCI_MANIFEST)), {
      kind: 'image',
      mediaType: OCI_MANIFEST,
      config: CONFIG,
      layers: LAYERS,
      subject,
      artifactType: 'application/x',
      annotations: { a: '1' },
    });
  });

  it('reads a Docker image', () => {
    const config = described('config', DOCKER_CONFIG);
    const layers = [
      { ...described('layer', DOCKER_LAYER_GZIP), urls: ['https://layers.test/a'] },
      described('other', DOCKER_LAYER_GZIP),
    ];
    const document = { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config, layers };
    assert.deepEqual(decodeManifest(raw(document, DOCKER_MANIFEST)), {
      kind: 'image',
      mediaType: DOCKER_MANIFEST,
      config,
      layers,
      annotations: {},
    });
  });

  it('reads an index, platforms in their normal form with all they say', () => {
    const windows = {
      os: 'windows',
      architecture: 'amd64',
      'os.version': '10.0.20348.169',
      'os.features': ['win32k'],
    };
    const manifests = [
      { ...described('a', OCI_MANIFEST), platform: { os: 'linux', architecture: 'aarch64' } },
      { ...described('b', OCI_MANIFEST), platform: windows },
      { ...described('c', OCI_MANIFEST), artifactType: 'application/x', data: 'Yw==' },
    ];
    assert.deepEqual(decodeManifest(raw({ ...index, manifests }, OCI_INDEX)), {
      kind: 'index',
      mediaType: OCI_INDEX,
      manifests: [
        { ...described('a', OCI_MANIFEST), platform: { os: 'linux', architecture: 'arm64' } },
        ...manifests.slice(1),
      ],
      annotations: {},
    });
  });

  it('reads a Docker list', () => {
    const document = { ...index, mediaType: DOCKER_LIST };
    const decoded = decodeManifest(raw(document, DOCKER_LIST));
    assert.equal(decoded.kind, 'index');
    assert.equal(decoded.mediaType, DOCKER_LIST);
  });

  it('takes null for an empty list, as Go writes it, and a document without a media type', () => {
    const bare = { ...without(image, 'mediaType'), layers: null };
    const decoded = decodeManifest(raw(bare, OCI_MANIFEST));
    assert.deepEqual(decoded.kind === 'image' && decoded.layers, []);
  });

  it('takes no more than 4 MiB', () => {
    const padding = (size: number): RawManifest => {
      const start = Buffer.from(JSON.stringify(image));
      const bytes = Buffer.concat([start, Buffer.alloc(size - start.byteLength, ' ')]);
      return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
    };
    assert.equal(decodeManifest(padding(MANIFEST_SIZE_BYTES_MAX)).kind, 'image');
    invalid(
      () => decodeManifest(padding(MANIFEST_SIZE_BYTES_MAX + 1)),
      /^manifest invalid: 4194305 bytes, more than 4 MiB$/,
    );
  });

  const digest = digestOf('x');
  const damage: readonly (readonly [
    fact: string,
    document: Document,
    message: RegExp,
    mediaType?: string,
  ])[] = [
    ['no version', without(image, 'schemaVersion'), /\/schemaVersion must be 2$/],
    ['version 1', { ...image, schemaVersion: 1 }, /\/schemaVersion must be 2$/],
    ['a version in words', { ...image, schemaVersion: '2' }, /\/schemaVersion must be a number$/],
    ['no config', without(image, 'config'), /\/config must be an object$/],
    ['layers that are no list', { ...image, layers: {} }, /\/layers must be an array$/],
    ['a layer that is text', { ...image, layers: [digest] }, /\/layers\/0 must be an object$/],
    ['a layer without a digest', layer({ digest: null }), /\/layers\/0\/digest is missing$/],
    ['a digest of no known kind', layer({ digest: 'md5:0' }), /unsupported digest algorithm/],
    ['a short digest', layer({ digest: digest.slice(0, -1) }), /invalid checksum digest length/],
    ['a layer without a type', layer({ mediaType: null }), /\/layers\/0\/mediaType is missing$/],
    ['a layer without a size', layer({ size: null }), /\/layers\/0\/size is missing$/],
    ['a negative size', layer({ size: -1 }), /\/layers\/0\/size must be a whole number$/],
    ['a size beyond counting', layer({ size: 1e300 }), /\/layers\/0\/size must be a whole/],
    ['half a byte', layer({ size: 0.5 }), /\/layers\/0\/size must be a whole number$/],
    ['addresses that are no text', layer({ urls: [1] }), /\/layers\/0\/urls\/0 must be a string$/],
    [
      'annotations that are no text',
      { ...image, annotations: { a: 1 } },
      /\/annotations\/a must be a string$/,
    ],
    [
      'a subject without a digest',
      { ...image, subject: { size: 1 } },
      /\/subject\/\w+ is missing$/,
    ],
    [
      'a platform without an architecture',
      { ...index, manifests: [{ ...described('x', OCI_MANIFEST), platform: { os: 'linux' } }] },
      /\/manifests\/0\/platform\/architecture is missing$/,
      OCI_INDEX,
    ],
    ['an index called an image', index, /\/mediaType must be .*manifest\.v1\+json$/],
    ['an image called an index', image, /\/mediaType must be .*index\.v1\+json$/, OCI_INDEX],
    ['an image that is an index too', { ...image, manifests: [] }, /\/manifests must be absent/],
    ['an index that is an image too', { ...index, layers: [] }, /\/layers must be abs/, OCI_INDEX],
    ['an index with a config', { ...index, config: {} }, /\/config must be absent/, OCI_INDEX],
  ];
  for (const [fact, document, message, mediaType = OCI_MANIFEST] of damage) {
    it(`refuses ${fact}`, () => {
      invalid(() => decodeManifest(raw(document, mediaType)), message);
    });
  }

  it('refuses what is not JSON', () => {
    const bytes = Buffer.from('{"schemaVersion":2');
    const broken = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
    invalid(() => decodeManifest(broken), /^manifest invalid: manifest is not valid JSON$/);
  });

  function layer(change: Document): Document {
    return { ...image, layers: [{ ...LAYERS[0], ...change }] };
  }
});

describe('encoding', () => {
  it('writes exactly these bytes', () => {
    const { bytes } = encodeImageManifest({ config: CONFIG, layers: [] });
    const config = JSON.stringify(CONFIG);
    assert.equal(
      Buffer.from(bytes).toString(),
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":${config},"layers":[]}`,
    );
  });

  it('what is written decodes to what was given', () => {
    const annotations = fc.dictionary(fc.string(), fc.string(), {
      maxKeys: 3,
      noNullPrototype: true,
    });
    const settings = fc.record({
      layers: fc.array(descriptors()),
      annotations,
      docker: fc.boolean(),
    });
    fc.assert(
      fc.property(descriptors(), settings, (config, given) => {
        const written = encodeImageManifest({ config, ...given });
        assert.deepEqual(rawManifest(written.bytes), written);
        assert.deepEqual(decodeManifest(written), {
          kind: 'image',
          mediaType: given.docker ? DOCKER_MANIFEST : OCI_MANIFEST,
          config,
          layers: given.layers,
          annotations: given.annotations,
        });
      }),
    );
    fc.assert(
      fc.property(fc.array(descriptors()), fc.boolean(), (manifests, docker) => {
        const written = encodeIndex(manifests, { docker });
        const mediaType = docker ? DOCKER_LIST : OCI_INDEX;
        const expected = { kind: 'index', mediaType, manifests, annotations: {} };
        assert.deepEqual(rawManifest(written.bytes), written);
        assert.deepEqual(decodeManifest(written), expected);
      }),
    );
  });

  it('the descriptor of a manifest is of its bytes', () => {
    const written = encodeIndex([]);
    assert.deepEqual(descriptorOf(written), {
      mediaType: OCI_INDEX,
      digest: digestOf(written.bytes),
      size: written.bytes.byteLength,
    });
  });
});

function descriptors(): fc.Arbitrary<Descriptor> {
  return fc.record(
    {
      mediaType: fc.string({ minLength: 1 }),
      digest: fc.string().map((content) => digestOf(content)),
      size: fc.maxSafeNat(),
      urls: fc.array(fc.webUrl(), { maxLength: 2 }),
      annotations: fc.dictionary(fc.string(), fc.string(), { maxKeys: 2, noNullPrototype: true }),
      artifactType: fc.string({ minLength: 1 }),
      data: fc.base64String({ minLength: 4 }),
      platform: fc.constantFrom(
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: 'arm', variant: 'v6' },
        { os: 'windows', architecture: 'amd64', 'os.version': '10', 'os.features': ['a'] },
      ),
    },
    { requiredKeys: ['mediaType', 'digest', 'size'], noNullPrototype: true },
  );
}

describe('childrenOf', () => {
  it('an image needs its config, then its layers from the base on', () => {
    assert.deepEqual(childrenOf(decodeManifest(raw(image, OCI_MANIFEST))), [CONFIG, ...LAYERS]);
  });

  it('an index needs its manifests; a subject is needed by nobody', () => {
    const document = { ...index, subject: described('subject', OCI_MANIFEST) };
    const children = childrenOf(decodeManifest(raw(document, OCI_INDEX)));
    assert.deepEqual(children, [described('image', OCI_MANIFEST)]);
  });
});
