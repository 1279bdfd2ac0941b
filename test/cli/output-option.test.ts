/** `--output`, `--push`, `--load`: what docker's words mean, and which mean nothing. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { outputsOf, writesTo } from '#cli/output-option.ts';
import { type BuildOutput, STORE_OUTPUT } from '#core/build-output.ts';
import { isSlipwayError } from '#core/errors.ts';
import { parseReference, parseTag } from '#core/reference.ts';

const stdout = new PassThrough();
const OCI = { docker: false } as const;

function outputs(
  output: readonly string[],
  flags: { readonly push?: boolean; readonly load?: boolean } = {},
): readonly BuildOutput[] {
  return outputsOf({ output, push: false, load: false, ...flags }, stdout);
}

describe('outputsOf', () => {
  const cases: readonly (readonly [text: string, output: BuildOutput])[] = [
    ['out', { kind: 'local', destination: resolve('out') }],
    ['type=local,dest=out', { kind: 'local', destination: resolve('out') }],
    ['TYPE=local,"dest=a,b"', { kind: 'local', destination: resolve('a,b') }],
    ['-', { kind: 'tar', destination: stdout }],
    ['type=tar', { kind: 'tar', destination: stdout }],
    ['type=tar,dest=-', { kind: 'tar', destination: stdout }],
    ['type=tar,dest=x.tar', { kind: 'tar', destination: resolve('x.tar') }],
    ['type=oci,dest=x.tar', { kind: 'archive', destination: resolve('x.tar'), format: OCI }],
    ['type=docker,dest=x.tar', { kind: 'archive', destination: resolve('x.tar'), format: OCI }],
    [
      'type=oci,dest=x.tar,compression=uncompressed,oci-mediatypes=false',
      {
        kind: 'archive',
        destination: resolve('x.tar'),
        format: { docker: true, compression: { codec: 'none' } },
      },
    ],
    ['type=oci,tar=false,dest=x', { kind: 'layout', destination: resolve('x'), format: OCI }],
    ['type=image', STORE_OUTPUT],
    ['type=docker', STORE_OUTPUT],
    ['type=image,push=true', { ...STORE_OUTPUT, push: true }],
    ['type=registry', { ...STORE_OUTPUT, push: true }],
    [
      'type=registry,"name=a:1,localhost:5000/b"',
      {
        ...STORE_OUTPUT,
        push: true,
        names: [parseTag('a:1'), parseTag('localhost:5000/b:latest')],
      },
    ],
    [
      'type=registry,compression=zstd,compression-level=19,force-compression=true',
      {
        ...STORE_OUTPUT,
        push: true,
        format: {
          docker: false,
          compression: { codec: 'zstd', level: 19 },
          forceCompression: true,
        },
      },
    ],
    [
      'type=image,compression=uncompressed,push=true',
      { ...STORE_OUTPUT, push: true, format: { docker: false, compression: { codec: 'none' } } },
    ],
    [
      'type=oci,dest=x.tar,compression-level=0',
      {
        kind: 'archive',
        destination: resolve('x.tar'),
        format: { docker: false, compression: { codec: 'gzip', level: 0 } },
      },
    ],
    [
      'type=image,name=localhost:5000/a,push-by-digest=true',
      {
        ...STORE_OUTPUT,
        push: true,
        pushByDigest: true,
        names: [parseTag('localhost:5000/a:latest')],
      },
    ],
    [
      'type=image,annotation-index.a=b,annotation[linux/arm64].c=d',
      {
        ...STORE_OUTPUT,
        format: {
          docker: false,
          annotations: [
            { on: 'index', key: 'a', value: 'b' },
            {
              on: 'manifest',
              key: 'c',
              value: 'd',
              platform: { os: 'linux', architecture: 'arm64' },
            },
          ],
        },
      },
    ],
    [
      'type=local,dest=out,platform-split=false',
      { kind: 'local', destination: resolve('out'), platformSplit: false },
    ],
    [
      'type=local,dest=out,mode=delete',
      { kind: 'local', destination: resolve('out'), deletesOthers: true },
    ],
    ['type=local,dest=out,mode=copy', { kind: 'local', destination: resolve('out') }],
    ['type=cacheonly', { ...STORE_OUTPUT, isDiscarded: true }],
    ['type=image,unpack=true,name-canonical=true,store=true', STORE_OUTPUT],
    [
      'type=registry,store=false,registry.insecure=true',
      { ...STORE_OUTPUT, push: true, isInsecure: true, isDiscarded: true },
    ],
    [
      'type=image,dangling-name-prefix=localhost:5000/nobody',
      { ...STORE_OUTPUT, nameless: parseReference('localhost:5000/nobody') },
    ],
    ['type=tar,platform-split=true', { kind: 'tar', destination: stdout, platformSplit: true }],
  ];
  for (const [text, output] of cases) {
    it(text, () => assert.deepEqual(outputs([text]), [output]));
  }

  it('nothing said: the local store; --load puts it beside others', () => {
    assert.deepEqual(outputs([]), [STORE_OUTPUT]);
    assert.deepEqual(outputs([], { load: true }), [STORE_OUTPUT]);
    const local = { kind: 'local', destination: resolve('out') };
    assert.deepEqual(outputs(['out']), [local]);
    assert.deepEqual(outputs(['out'], { load: true }), [local, STORE_OUTPUT]);
  });

  it('--push pushes the image that is an output, or adds one', () => {
    const pushed = { ...STORE_OUTPUT, push: true };
    assert.deepEqual(outputs([], { push: true }), [pushed]);
    assert.deepEqual(outputs(['type=image'], { push: true }), [pushed]);
    const local = { kind: 'local', destination: resolve('out') };
    assert.deepEqual(outputs(['out'], { push: true }), [local, pushed]);
  });

  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ['dest=out', /^type is required for output$/],
    ['type=local', /^dest is required for local output$/],
    ['type=local,dest=-', /^dest is required for local output$/],
    ['type=oci,tar=false', /^dest is required for oci output$/],
    ['type=zip,dest=x', /^exporter "zip" could not be found$/],
    ['type=tar,dest', /^invalid value dest$/],
    ['type=local,dest=x,colour=red', /^unknown attribute "colour" of output type=local$/],
    ['type=oci,tar=maybe', /^invalid value "maybe" for tar$/],
    ['type=local,dest=x,mode=move', /^invalid local exporter mode "move"$/],
    ['type=image,store=maybe', /^invalid value "maybe" for store$/],
    ['type=oci,compression=zstd:chunked', /^unsupported layer compression type: zstd:chunked$/],
    ['type=oci,compression=estargz', /^unsupported layer compression type: estargz$/],
    ['type=oci,compression=zstd,oci-mediatypes=false', /^zstd layers are not for docker's/],
    ['type=oci,force-compression=true', /^force-compression needs a compression$/],
    ['type=oci,compression-level=10', /^invalid value "10" for compression-level$/],
    ['type=oci,compression=zstd,compression-level=20', /^invalid value "20"/],
    [
      'type=oci,compression=uncompressed,compression-level=1',
      /^uncompressed layers have no level$/,
    ],
    ['type=oci,annotation-image.a=b', /^unknown annotation type "image"$/],
    ['type=tar,platform-split=2', /^invalid value "2" for platform-split$/],
    ['type=tar,dest="x', /^invalid output "type=tar,dest="x": /],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => outputs([text]),
        (error) => isSlipwayError(error, 'USAGE') && message.test(error.message),
      );
    });
  }

  it('refuses two outputs to standard output, and any to a terminal', () => {
    assert.throws(() => outputs(['-', 'type=oci']), /only one output can go to standard output/);
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const flags = { output: ['type=tar'], push: false, load: false };
    assert.throws(
      () => outputsOf(flags, terminal),
      /dest file is required for tar exporter\. refusing to write to console/,
    );
  });

  it('knows which output goes to a stream', () => {
    assert.deepEqual(outputs(['-', 'out', 'type=image']).map(writesTo(stdout)), [
      true,
      false,
      false,
    ]);
  });
});
