/** `--attest`, and `--provenance` and `--sbom` for short, in docker's words. Pure. */
import type { AttestRequest, ProvenanceRequest } from '#core/attestation.ts';
import { SlipwayError } from '#core/errors.ts';
import { Attributes } from './attributes.ts';
import { list, text } from './flags.ts';

export const ATTEST_FLAGS = {
  attest: list({
    description: 'State something about the image: type=provenance[,mode=min|max], type=sbom',
    helpValue: 'type=string',
  }),
  provenance: text({
    description: '--attest type=provenance: true, false or mode=min|max',
    helpValue: 'string',
  }),
  sbom: text({ description: '--attest type=sbom: true or false', helpValue: 'string' }),
};

export interface AttestFlags {
  readonly attest: readonly string[];
  readonly provenance: string | undefined;
  readonly sbom: string | undefined;
}

/** Undefined: nothing is wanted. The last word on a type counts. @throws USAGE */
export function attestIn(flags: AttestFlags, tool: string): AttestRequest | undefined {
  const { provenance: short, sbom: shortSbom } = flags;
  let provenance: ProvenanceRequest | undefined;
  let sbom = false;
  const words = [
    ...flags.attest,
    ...(short === undefined ? [] : [longForm('provenance', short)]),
    ...(shortSbom === undefined ? [] : [longForm('sbom', shortSbom)]),
  ];
  for (const word of words) {
    const attributes = Attributes.of(word, 'attestation');
    const type = attributes.take('type');
    const isOff = attributes.takeBoolean('disabled', false);
    if (type === 'provenance') provenance = isOff ? undefined : provenanceIn(attributes);
    else if (type === 'sbom') sbom = !isOff && sbomIn(attributes);
    else throw usage(`unsupported attestation type: ${type ?? ''}`, 'write provenance or sbom');
    if (!isOff) attributes.refuseRest(`attestation type=${type}`);
  }
  return provenance || sbom ? { tool, sbom, ...(provenance ? { provenance } : {}) } : undefined;
}

/** `true`, `false` or attributes. */
function longForm(type: string, word: string): string {
  if (/^(?:1|t|true)$/i.test(word)) return `type=${type}`;
  if (/^(?:0|f|false)$/i.test(word)) return `type=${type},disabled=true`;
  return `type=${type},${word}`;
}

/** Who asks and does not say how much gets all, as in docker. */
function provenanceIn(attributes: Attributes): ProvenanceRequest {
  const mode = attributes.take('mode') ?? 'max';
  if (mode !== 'min' && mode !== 'max') {
    throw usage(`invalid provenance mode: ${mode}`, 'write mode=min or mode=max');
  }
  const version = attributes.take('version') ?? 'v1';
  if (version !== 'v1') {
    throw usage(`invalid provenance SLSA version: ${version}`, 'provenance is written as v1');
  }
  const builderId = attributes.take('builder-id');
  const isReproducible = attributes.takeBoolean('reproducible', false);
  return { mode, isReproducible, ...(builderId === undefined ? {} : { builderId }) };
}

function sbomIn(attributes: Attributes): true {
  const generator = attributes.take('generator');
  if (generator === undefined) return true;
  throw usage(
    `sbom generator ${generator} is not supported`,
    'leave out generator=: packages of dpkg, apk, npm and Python are listed without another image',
  );
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
