/** What became of a question to an upstream, and what a client is told of it. */
import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import { Refusal } from '../errors.ts';

export type UpstreamFailure =
  /** It is not there. */
  | 'absent'
  /** Nobody says what is there to those who may not see it. */
  | 'denied'
  /** Another answer may come later: what is known from before counts meanwhile. */
  | 'unavailable';

/** Undefined: no answer of an upstream. */
export function failureOf(error: unknown): UpstreamFailure | undefined {
  if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'BLOB_UNKNOWN')) return 'absent';
  if (isSlipwayError(error, 'UNAUTHORIZED')) return 'denied';
  return isSlipwayError(error, ...UNAVAILABLE) ? 'unavailable' : undefined;
}

/** Refusals, and content that is not what it says it is. */
const UNAVAILABLE = [
  'REGISTRY_UNREACHABLE',
  'REGISTRY_REFUSED',
  'REGISTRY_PROTOCOL',
  'TOO_MANY_REQUESTS',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'MANIFEST_INVALID',
  'JSON_INVALID',
] as const;

/** The error of an upstream as a client of ours gets it; any other as it is. */
export function toldOf(error: unknown, upstream: string): unknown {
  const failure = failureOf(error);
  if (failure === undefined || !isSlipwayError(error)) return error;
  if (failure === 'absent') return error;
  const said = `upstream ${upstream}: ${error.message}`;
  if (failure === 'denied') return new Refusal('NAME_UNKNOWN', said);
  if (isSlipwayError(error, 'TOO_MANY_REQUESTS')) return new Refusal('TOOMANYREQUESTS', said);
  return new Refusal('UNKNOWN', said, { status: 502 });
}

/** In one line for a header or a log. */
export function causeOf(error: SlipwayError): string {
  return error.message.replaceAll(/\s+/g, ' ').slice(0, 200);
}
