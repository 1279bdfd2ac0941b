/**
 * From what went wrong to what the wire says (distribution-spec §Error Codes): the one table. What
 * is not in it is our fault: the client learns nothing about it, the log everything.
 */
import { DISTRIBUTION_ERRORS, type DistributionErrorCode } from '#core/distribution-errors.ts';
import { type ErrorCode, isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { Reply } from './reply.ts';

interface WireError {
  readonly code: DistributionErrorCode;
  /** Where the table of the specification has another status for the code. */
  readonly status?: number;
}

const WIRE_ERRORS: Partial<Record<ErrorCode, WireError>> = {
  BLOB_UNKNOWN: { code: 'BLOB_UNKNOWN' },
  MANIFEST_UNKNOWN: { code: 'MANIFEST_UNKNOWN' },
  NAME_UNKNOWN: { code: 'NAME_UNKNOWN' },
  DIGEST_INVALID: { code: 'DIGEST_INVALID' },
  DIGEST_MISMATCH: { code: 'DIGEST_INVALID' },
  SIZE_MISMATCH: { code: 'SIZE_INVALID' },
  MANIFEST_INVALID: { code: 'MANIFEST_INVALID' },
  JSON_INVALID: { code: 'MANIFEST_INVALID' },
  REFERENCE_INVALID: { code: 'MANIFEST_INVALID' },
  TAG_IMMUTABLE: { code: 'DENIED', status: 409 },
  UPLOAD_UNKNOWN: { code: 'BLOB_UPLOAD_UNKNOWN' },
  UPLOAD_RANGE: { code: 'BLOB_UPLOAD_INVALID', status: 416 },
  DISK_FULL: { code: 'UNKNOWN', status: 507 },
};

export interface RefusalOptions {
  readonly status?: number;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request turned down by an endpoint, in the wire's own terms. Never leaves registry/. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: DistributionErrorCode;
  readonly options: RefusalOptions;

  /** The message is for the person at the client: docker prints it. */
  constructor(code: DistributionErrorCode, message?: string, options: RefusalOptions = {}) {
    super(message ?? DISTRIBUTION_ERRORS[code].message);
    this.code = code;
    this.options = options;
  }
}

/** The answer for whatever an endpoint threw. */
export function errorReply(error: unknown): Reply {
  if (error instanceof Refusal) {
    const { status = DISTRIBUTION_ERRORS[error.code].status, detail, headers } = error.options;
    return reply({ code: error.code, message: error.message, status, detail, headers });
  }
  const wire = isSlipwayError(error) ? WIRE_ERRORS[error.code] : undefined;
  if (!wire || !(error instanceof SlipwayError)) {
    const { status, message } = DISTRIBUTION_ERRORS.UNKNOWN;
    return reply({ code: 'UNKNOWN', message, status });
  }
  return reply({
    code: wire.code,
    message: error.code === 'DISK_FULL' ? 'no space left on the registry' : error.message,
    status: wire.status ?? DISTRIBUTION_ERRORS[wire.code].status,
  });
}

/** True for what the client can do nothing about. */
export function isServerFault(error: unknown): boolean {
  return errorReply(error).status >= 500;
}

function reply(error: {
  readonly code: DistributionErrorCode;
  readonly message: string;
  readonly status: number;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}): Reply {
  const { code, message, status, detail, headers } = error;
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: `${JSON.stringify({ errors: [{ code, message, ...(detail ? { detail } : {}) }] })}\n`,
  };
}
