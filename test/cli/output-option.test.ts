/** `--output`, `--push`, `--load`: what docker's words mean, and which mean nothing. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { outputsOf, writesTo } from '#cli/output-option.ts';
import { type BuildOutput, STORE_OUTPUT } from '#core/build-output.ts';
import { isSlipwayError } from '#core/errors.ts';
import { parseTag } from '#core/reference.ts';

const stdout = new PassThrough();
const OCI = { docker: false, compression: 'gzip' } as const;

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
        format: { docker: true, compression: 'none' },
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
    ['type=oci,compression=estargz', /^unsupported layer compression type: estargz$/],
    ['type=registry,compression=uncompressed', /^compression=uncompressed is not for pushing$/],
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
