/** `--attest`, `--provenance` and `--sbom` in docker's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attestIn } from '#cli/attest-option.ts';
import { isSlipwayError } from '#core/errors.ts';

const none = { attest: [], provenance: undefined, sbom: undefined };
const full = { mode: 'max', isReproducible: false };

const cases = [
  [{}, undefined],
  [{ provenance: 'false', sbom: 'false' }, undefined],
  [{ provenance: 'true' }, { sbom: false, provenance: full }],
  [{ provenance: 'mode=min' }, { sbom: false, provenance: { ...full, mode: 'min' } }],
  [{ sbom: '1' }, { sbom: true }],
  [{ attest: ['type=sbom', 'type=provenance'] }, { sbom: true, provenance: full }],
  [{ attest: ['type=sbom'], sbom: 'false' }, undefined],
  [{ attest: ['type=provenance,disabled=true', 'type=sbom'] }, { sbom: true }],
  [
    { attest: ['type=provenance,builder-id=https://ci.example/1,reproducible=true,version=v1'] },
    {
      sbom: false,
      provenance: { mode: 'max', isReproducible: true, builderId: 'https://ci.example/1' },
    },
  ],
] as const;

for (const [flags, wanted] of cases) {
  test(JSON.stringify(flags), () => {
    const found = attestIn({ ...none, ...flags }, 'tool-1');
    assert.deepEqual(found, wanted && { tool: 'tool-1', ...wanted });
  });
}

for (const [flags, message] of [
  [{ attest: ['type=vex'] }, /^unsupported attestation type: vex$/],
  [{ attest: ['mode=min'] }, /^unsupported attestation type: $/],
  [{ provenance: 'mode=some' }, /^invalid provenance mode: some$/],
  [{ provenance: 'version=v0.2' }, /^invalid provenance SLSA version: v0.2$/],
  [{ provenance: 'maybe' }, /^invalid value maybe$/],
  [{ provenance: 'colour=red' }, /^unknown attribute "colour"/],
  [{ sbom: 'generator=scanner:1' }, /^sbom generator scanner:1 is not supported$/],
] as const) {
  test(`refuses ${JSON.stringify(flags)}`, () => {
    assert.throws(
      () => attestIn({ ...none, ...flags }, 'tool-1'),
      (error) => isSlipwayError(error, 'USAGE') && message.test(error.message),
    );
  });
}
