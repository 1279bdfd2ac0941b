/** Image configs: what is kept, what is refused and where, and that equal configs are equal bytes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeImageConfig, encodeImageConfig, type ImageConfig } from '#core/image-config.ts';

const DIFF_ID = digestOf('layer');

const MINIMAL = {
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [] },
} as const;

const FULL: ImageConfig = {
  created: '2026-01-02T03:04:05.678Z',
  author: 'A <a@example.com>',
  architecture: 'arm64',
  os: 'linux',
  variant: 'v9',
  config: {
    User: '1000:1000',
    ExposedPorts: { '53/udp': {}, '80/tcp': {} },
    Env: ['PATH=/bin', 'B=2', 'A=1'],
    Entrypoint: ['/init'],
    Cmd: ['serve'],
    Volumes: { '/data': {} },
    WorkingDir: '/srv',
    Labels: { a: '1', b: '' },
    StopSignal: 'SIGINT',
    ArgsEscaped: true,
    Healthcheck: {
      Test: ['CMD', 'true'],
      Interval: 30_000_000_000,
      Timeout: 1,
      StartPeriod: 2,
      StartInterval: 3,
      Retries: 4,
    },
    OnBuild: ['RUN true'],
    Shell: ['/bin/bash', '-c'],
  },
  rootfs: { type: 'layers', diff_ids: [DIFF_ID] },
  history: [
    { created: '2026-01-02T03:04:05Z', created_by: 'COPY a b', author: 'A', comment: 'c' },
    { created_by: 'ENV B=2', empty_layer: true },
  ],
};

function decode(document: unknown): ImageConfig {
  return decodeImageConfig(Buffer.from(JSON.stringify(document)));
}

describe('decodeImageConfig', () => {
  it('reads every field of the specification, and docker’s', () => {
    assert.deepEqual(decode(FULL), FULL);
  });

  it('needs little', () => {
    assert.deepEqual(decode(MINIMAL), { ...MINIMAL, config: {}, history: [] });
  });

  it('takes null for absent, as Go writes it', () => {
    const document = {
      ...MINIMAL,
      rootfs: { type: 'layers', diff_ids: null },
      config: { Env: null, Cmd: null, Labels: null, Healthcheck: null, User: '' },
      history: null,
    };
    assert.deepEqual(decode(document), { ...MINIMAL, config: { User: '' }, history: [] });
  });

  it('keeps fields of the container config that nobody here knows', () => {
    const config = { Env: ['A=1'], StopTimeout: 5, 'x.test/other': { deep: [1, { a: null }] } };
    assert.deepEqual(decode({ ...MINIMAL, config }).config, config);
  });

  it('a layer’s history says so only when there is no layer', () => {
    const history = [{ created_by: 'a', empty_layer: false }];
    assert.deepEqual(decode({ ...MINIMAL, history }).history, [{ created_by: 'a' }]);
  });

  const damage: readonly (readonly [document: unknown, says: string])[] = [
    [[], '/ must be an object'],
    [{ ...MINIMAL, os: undefined }, '/os is missing'],
    [{ ...MINIMAL, architecture: null }, '/architecture is missing'],
    [{ ...MINIMAL, architecture: 64 }, '/architecture must be a string'],
    [{ ...MINIMAL, created: 0 }, '/created must be a string'],
    [{ ...MINIMAL, rootfs: undefined }, '/rootfs must be an object'],
    [{ ...MINIMAL, rootfs: { type: 'tree', diff_ids: [] } }, '/rootfs/type must be "layers"'],
    [{ ...MINIMAL, rootfs: { diff_ids: {} } }, '/rootfs/diff_ids must be an array'],
    [{ ...MINIMAL, rootfs: { diff_ids: [1] } }, '/rootfs/diff_ids/0 must be a string'],
    [{ ...MINIMAL, rootfs: { diff_ids: ['x'] } }, '/rootfs/diff_ids must be an array of digests'],
    [{ ...MINIMAL, config: 'x' }, '/config must be an object'],
    [container({ Env: 'A=1' }), '/config/Env must be an array'],
    [container({ Env: ['A=1', 2] }), '/config/Env/1 must be a string'],
    [container({ Entrypoint: '/init' }), '/config/Entrypoint must be an array'],
    [container({ Cmd: [['a']] }), '/config/Cmd/0 must be a string'],
    [container({ OnBuild: [null] }), '/config/OnBuild/0 must be a string'],
    [container({ Shell: {} }), '/config/Shell must be an array'],
    [container({ User: 0 }), '/config/User must be a string'],
    [container({ WorkingDir: [] }), '/config/WorkingDir must be a string'],
    [container({ StopSignal: 9 }), '/config/StopSignal must be a string'],
    [container({ ArgsEscaped: 'yes' }), '/config/ArgsEscaped must be true or false'],
    [container({ Labels: { 'a/b': 1 } }), '/config/Labels/a~1b must be a string'],
    [container({ ExposedPorts: ['80'] }), '/config/ExposedPorts must be an object'],
    [container({ Volumes: '/data' }), '/config/Volumes must be an object'],
    [container({ Healthcheck: [] }), '/config/Healthcheck must be an object'],
    [container({ Healthcheck: { Test: [1] } }), '/config/Healthcheck/Test/0 must be a string'],
    [
      container({ Healthcheck: { Interval: '1s' } }),
      '/config/Healthcheck/Interval must be a number',
    ],
    [{ ...MINIMAL, history: {} }, '/history must be an array'],
    [{ ...MINIMAL, history: ['x'] }, '/history/0 must be an object'],
    [history({ created_by: 1 }), '/history/0/created_by must be a string'],
    [history({ empty_layer: 'true' }), '/history/0/empty_layer must be true or false'],
  ];
  for (const [document, says] of damage) {
    it(`says ${says}`, () => {
      assert.throws(
        () => decode(document),
        (error) => {
          assert.ok(isSlipwayError(error, 'MANIFEST_INVALID'));
          assert.equal(error.message, `image config: ${says}`);
          return true;
        },
      );
    });
  }

  it('refuses what is not JSON', () => {
    assert.throws(
      () => decodeImageConfig(Buffer.from('{')),
      (error) => isSlipwayError(error, 'MANIFEST_INVALID') && isSlipwayError(error.cause),
    );
  });

  function container(config: unknown): unknown {
    return { ...MINIMAL, config };
  }

  function history(entry: unknown): unknown {
    return { ...MINIMAL, history: [entry] };
  }
});

describe('encodeImageConfig', () => {
  it('writes exactly these bytes', () => {
    const config: ImageConfig = {
      history: [{ empty_layer: true, created_by: 'CMD ["a"]' }],
      rootfs: { diff_ids: [DIFF_ID], type: 'layers' },
      config: { Labels: { b: '2', a: '1' }, Cmd: ['a'], Env: ['B=1', 'A=2'] },
      os: 'linux',
      architecture: 'amd64',
      created: '2026-01-02T03:04:05Z',
    };
    assert.equal(
      Buffer.from(encodeImageConfig(config)).toString(),
      `{"architecture":"amd64",${[
        '"config":{"Env":["B=1","A=2"],"Cmd":["a"],"Labels":{"a":"1","b":"2"}}',
        '"created":"2026-01-02T03:04:05Z"',
        '"history":[{"created_by":"CMD [\\"a\\"]","empty_layer":true}]',
        `"os":"linux","rootfs":{"type":"layers","diff_ids":["${DIFF_ID}"]}`,
      ].join(',')}}`,
    );
  });

  it('what is written decodes to what was given', () => {
    assert.deepEqual(decodeImageConfig(encodeImageConfig(FULL)), FULL);
    fc.assert(
      fc.property(configs(), (config) => {
        assert.deepEqual(decodeImageConfig(encodeImageConfig(config)), config);
      }),
    );
  });

  it('the order in which fields were set makes no difference', () => {
    fc.assert(
      fc.property(configs(), fc.infiniteStream(fc.nat()), (config, random) => {
        const other = shuffled(config, () => random.next().value ?? 0) as ImageConfig;
        assert.deepEqual(Buffer.from(encodeImageConfig(other)), encodeImageConfig(config));
      }),
    );
  });

  it('the order within a list does', () => {
    const withEnv = (...Env: string[]): Uint8Array =>
      encodeImageConfig({ ...FULL, config: { Env } });
    assert.notDeepEqual(withEnv('A=1', 'B=2'), withEnv('B=2', 'A=1'));
  });
});

function configs(): fc.Arbitrary<ImageConfig> {
  const text = fc.string({ minLength: 1 });
  const words = fc.array(fc.string(), { maxLength: 3 });
  const empty = fc.constant({});
  const plain = { noNullPrototype: true } as const;
  const set = fc.dictionary(text, empty, { maxKeys: 3, ...plain });
  const container = fc.record(
    {
      User: fc.string(),
      Env: words,
      Cmd: words,
      Entrypoint: words,
      ExposedPorts: set,
      Volumes: set,
      Labels: fc.dictionary(fc.string(), fc.string(), { maxKeys: 4, ...plain }),
      Healthcheck: fc.record({ Retries: fc.nat(), Test: words }, { requiredKeys: [], ...plain }),
      'x.test/unknown': fc.dictionary(text, fc.nat(), { maxKeys: 3, ...plain }),
    },
    { requiredKeys: [], ...plain },
  );
  const entry = fc.record(
    { created_by: fc.string(), comment: fc.string(), empty_layer: fc.constant(true) },
    { requiredKeys: [], ...plain },
  );
  return fc.record(
    {
      architecture: text,
      os: text,
      variant: text,
      author: text,
      created: text,
      config: container,
      rootfs: fc.record(
        {
          type: fc.constant('layers' as const),
          diff_ids: fc.array(
            fc.string().map((content) => digestOf(content)),
            { maxLength: 3 },
          ),
        },
        plain,
      ),
      history: fc.array(entry, { maxLength: 3 }),
    },
    { requiredKeys: ['architecture', 'os', 'config', 'rootfs', 'history'], ...plain },
  );
}

/** The same value with the fields of every object in another order. */
function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (typeof value !== 'object' || value === null) return value;
  const ranked = Object.entries(value).map((field) => ({ field, rank: random() }));
  ranked.sort((a, b) => a.rank - b.rank);
  return Object.fromEntries(ranked.map(({ field: [key, item] }) => [key, shuffled(item, random)]));
}
