/**
 * What goes wrong on the wire, in the words docker's users search for. Failures below HTTP keep
 * Go's phrases because every guide on the net quotes them; registry error bodies (distribution-spec
 * §Error Codes) become our codes. URLs are shown without query and user: they can hold secrets.
 */

import type { DistributionError } from '#core/distribution-errors.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { type JsonValue, ObjectReader, parseJson } from '#core/json.ts';
import { type Answer, headerOf, readBounded } from './exchange.ts';
import { rateLimitOf, rateLimitText } from './rate-limit.ts';

const ERROR_BODY_BYTES_MAX = 64 * 1024;
const ERRORS_MAX = 16;
const MESSAGE_LENGTH_MAX = 500;

/** The error of an aborted call. */
export function cancelledBy(signal: AbortSignal): SlipwayError {
  return new SlipwayError('CANCELLED', 'context canceled', { cause: signal.reason });
}

/** What others tell apart: which advice belongs to it, and that TLS was spoken, but not believed. */
type Explained = 'plain-server' | 'unknown-authority' | 'certificate';

interface Failure {
  /** Go's words; `{address}` and `{host}` are filled in. */
  readonly words: string;
  readonly hint: string;
  /** True when the same request may well succeed in a moment. */
  readonly transient: boolean;
  readonly explained?: Explained;
}

const NOT_LISTENING: Failure = {
  words: 'dial tcp {address}: connect: connection refused',
  hint: 'nothing listens on {address}: start the registry, or check host and port',
  transient: false,
};
const NO_SUCH_HOST: Failure = {
  words: 'dial tcp: lookup {host}: no such host',
  hint: 'check the spelling of {host}, and that this machine can resolve names',
  transient: false,
};
const TIMED_OUT: Failure = {
  words: 'dial tcp {address}: i/o timeout',
  hint: 'the registry does not answer: check the network, a proxy or a firewall on the way',
  transient: true,
};
const DROPPED: Failure = {
  words: 'EOF',
  hint: 'the registry closed the connection: try again, and look at its log',
  transient: true,
};
const PLAIN_SERVER: Failure = {
  words: 'http: server gave HTTP response to HTTPS client',
  hint: '{host} speaks plain HTTP: give it TLS, or allow plain HTTP for it',
  transient: false,
  explained: 'plain-server',
};
const UNKNOWN_AUTHORITY: Failure = {
  words: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  hint: 'name the authority that signed the certificate of {host} in /etc/docker/certs.d/{host}/ca.crt',
  transient: false,
  explained: 'unknown-authority',
};

const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: NOT_LISTENING,
  ENOTFOUND: NO_SUCH_HOST,
  EAI_AGAIN: {
    ...NO_SUCH_HOST,
    words: 'dial tcp: lookup {host}: temporary failure in name resolution',
    transient: true,
  },
  ETIMEDOUT: TIMED_OUT,
  UND_ERR_CONNECT_TIMEOUT: TIMED_OUT,
  UND_ERR_HEADERS_TIMEOUT: {
    ...TIMED_OUT,
    words: 'net/http: timeout awaiting response headers',
  },
  UND_ERR_BODY_TIMEOUT: { ...TIMED_OUT, words: 'net/http: request canceled while reading body' },
  EHOSTUNREACH: { ...TIMED_OUT, words: 'dial tcp {address}: connect: no route to host' },
  ENETUNREACH: { ...TIMED_OUT, words: 'dial tcp {address}: connect: network is unreachable' },
  ECONNRESET: { ...DROPPED, words: 'read: connection reset by peer' },
  EPIPE: { ...DROPPED, words: 'write: broken pipe' },
  UND_ERR_SOCKET: DROPPED,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { ...DROPPED, words: 'unexpected EOF' },
  ERR_SSL_WRONG_VERSION_NUMBER: PLAIN_SERVER,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: PLAIN_SERVER,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: {
    words: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
    hint: "renew the certificate of {host}, or set this machine's clock",
    transient: false,
    explained: 'certificate',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    words: 'tls: failed to verify certificate: x509: certificate is valid for {names}, not {host}',
    hint: 'reach the registry by a name that its certificate holds, or add {host} to the certificate',
    transient: false,
    explained: 'certificate',
  },
};

/** What no row explains: HTTP that undici cannot parse, and whatever is new. */
const UNEXPLAINED: Failure = {
  words: 'malformed HTTP response',
  hint: 'check that {host} is a registry and that the port is right',
  transient: false,
};

export interface FailedCall {
  readonly method: string;
  readonly url: URL;
  /** The host answered us before: one that listens no more is being restarted. */
  readonly hasAnswered: boolean;
}

/** A failure below HTTP: REGISTRY_UNREACHABLE; `detail.transient` says whether to try again. */
export function transportError(
  cause: unknown,
  { method, url, hasAnswered }: FailedCall,
): SlipwayError {
  const code = codeIn(cause) ?? 'UNKNOWN';
  const failure = proxyFailure(cause) ?? FAILURES[code] ?? UNEXPLAINED;
  const fill = (text: string): string =>
    text
      .replaceAll('{host}', url.host)
      .replaceAll('{address}', addressIn(cause) ?? url.host)
      .replaceAll('{names}', namesIn(cause));
  const transient = failure.transient || (hasAnswered && failure === NOT_LISTENING);
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return new SlipwayError(
    'REGISTRY_UNREACHABLE',
    `${verb} "${displayUrl(url)}": ${fill(failure.words)}`,
    {
      hint: fill(failure.hint),
      cause,
      detail: {
        errno: code,
        transient,
        ...(failure.explained ? { failure: failure.explained } : {}),
      },
    },
  );
}

/** True for a certificate that is by nobody who is trusted. */
export function isUnknownAuthority(cause: unknown): boolean {
  return FAILURES[codeIn(cause) ?? ''] === UNKNOWN_AUTHORITY;
}

/** A proxy that opens no tunnel: undici says so in words only. */
function proxyFailure(cause: unknown): Failure | undefined {
  const said = cause instanceof Error ? cause.message : '';
  const status =
    /^Proxy response \((\d{3})\)/.exec(said)?.[1] ?? (/\(407\)$/.test(said) ? '407' : '');
  if (status === '') return undefined;
  return {
    words: `proxyconnect tcp: unexpected status ${status}`,
    hint: 'look at the proxy: HTTPS_PROXY and NO_PROXY, or the files that slipway config registries tells; a user and password go into its URL',
    transient: status.startsWith('5'),
  };
}

/** The names in a certificate that is for others. */
function namesIn(cause: unknown): string {
  if (!(cause instanceof Error) || !('cert' in cause)) return 'other names';
  const { cert } = cause;
  const names =
    typeof cert === 'object' && cert !== null && 'subjectaltname' in cert
      ? String(cert.subjectaltname)
      : '';
  return printable(names.replaceAll(/(DNS|IP Address):/g, '')) || 'no names';
}

/** Several addresses of one name fail as one AggregateError: the first tells the story. */
function codeIn(cause: unknown): string | undefined {
  return errnoOf(cause) ?? (cause instanceof Error ? errnoOf(cause.cause) : undefined);
}

function addressIn(cause: unknown): string | undefined {
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  if (!(first instanceof Error) || !('address' in first) || !('port' in first)) return undefined;
  const address = String(first.address);
  return `${address.includes(':') ? `[${address}]` : address}:${String(first.port)}`;
}

/** Without user and query. */
export function displayUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** What a call was about, for the words of its error. */
export interface CallSubject {
  readonly action: 'pull' | 'push' | 'delete';
  /** As people write it: `ubuntu`, `localhost:5000/app`. */
  readonly repository: string;
  /** For manifests: the tag or digest. */
  readonly selector?: string;
  /** For blobs. */
  readonly digest?: string;
  /** Why credentials were not used or not enough, when that is known. */
  readonly loginHint?: string;
}

/** Reads and closes an answer that is no success and makes it an error. */
export async function registryError(answer: Answer, subject: CallSubject): Promise<SlipwayError> {
  const errors = await errorsIn(answer);
  const first = errors[0];
  const retryAfter = headerOf(answer, 'retry-after');
  const detail = {
    status: answer.status,
    url: displayUrl(answer.url),
    errors,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  const said = first ? `${wordsOf(first.code)}: ${first.message}` : undefined;
  switch (answer.status) {
    case 401:
    case 403:
      return deniedError(answer.status, said, { subject, detail });
    case 404:
      return notFoundError(first, { subject, detail });
    case 429:
      return rateError(answer, first, detail);
    default:
      return refusedError(answer.status, first, { said, detail });
  }
}

function rateError(
  answer: Answer,
  first: DistributionError | undefined,
  detail: ErrorFacts['detail'],
): SlipwayError {
  const rate = rateLimitOf(answer);
  const wait = 'wait and try again, or log in for a higher limit';
  return new SlipwayError(
    'TOO_MANY_REQUESTS',
    `toomanyrequests: ${first?.message ?? 'the registry limits the rate of requests'}`,
    { hint: rate ? `${rateLimitText(rate)}: ${wait}` : wait, detail },
  );
}

interface ErrorFacts {
  readonly subject: CallSubject;
  readonly detail: Readonly<Record<string, unknown>>;
}

function deniedError(
  status: number,
  said: string | undefined,
  { subject, detail }: ErrorFacts,
): SlipwayError {
  const words =
    said ??
    (status === 401
      ? 'unauthorized: authentication required'
      : 'denied: requested access to the resource is denied');
  const message =
    subject.action === 'pull'
      ? `pull access denied for ${subject.repository}, repository does not exist or may require 'docker login': ${words}`
      : words;
  return new SlipwayError('UNAUTHORIZED', message, {
    hint:
      subject.loginHint ??
      `check the name, and that the credentials for it may ${subject.action} ${subject.repository}`,
    detail,
  });
}

function notFoundError(
  first: DistributionError | undefined,
  { subject, detail }: ErrorFacts,
): SlipwayError {
  if (first?.code === 'NAME_UNKNOWN') {
    return new SlipwayError(
      'NAME_UNKNOWN',
      `repository ${subject.repository} not found: name unknown: ${first.message}`,
      { hint: 'check the spelling; a repository exists once something was pushed to it', detail },
    );
  }
  if (first?.code === 'MANIFEST_BLOB_UNKNOWN') return manifestBlobUnknown(first, detail);
  if (first?.code === 'BLOB_UPLOAD_UNKNOWN') {
    return new SlipwayError('UPLOAD_UNKNOWN', `blob upload unknown: ${first.message}`, { detail });
  }
  if (subject.digest !== undefined) {
    return new SlipwayError('BLOB_UNKNOWN', `blob unknown to registry: ${subject.digest}`, {
      hint: `${subject.repository} does not hold this blob: push the image again`,
      detail,
    });
  }
  const selector = subject.selector ?? '';
  const separator = selector.includes(':') ? '@' : ':';
  return new SlipwayError(
    'MANIFEST_UNKNOWN',
    `manifest for ${subject.repository}${separator}${selector} not found: manifest unknown`,
    { hint: 'check the tag; the registry knows the repository but not this tag or digest', detail },
  );
}

function refusedError(
  status: number,
  first: DistributionError | undefined,
  { said, detail }: { said: string | undefined; detail: ErrorFacts['detail'] },
): SlipwayError {
  switch (first?.code) {
    case 'DIGEST_INVALID':
      return new SlipwayError('DIGEST_MISMATCH', `digest invalid: ${first.message}`, { detail });
    case 'SIZE_INVALID':
      return new SlipwayError('SIZE_MISMATCH', `size invalid: ${first.message}`, { detail });
    case 'MANIFEST_INVALID':
      return new SlipwayError('MANIFEST_INVALID', `manifest invalid: ${first.message}`, { detail });
    case 'MANIFEST_BLOB_UNKNOWN':
      return manifestBlobUnknown(first, detail);
    default:
      return new SlipwayError(
        'REGISTRY_REFUSED',
        said ?? `received unexpected HTTP status: ${status}`,
        { hint: "the registry's log may say why", detail },
      );
  }
}

/** 404 by the specification, 400 by docker's registry. */
function manifestBlobUnknown(first: DistributionError, detail: ErrorFacts['detail']): SlipwayError {
  return new SlipwayError('BLOB_UNKNOWN', `manifest blob unknown: ${first.message}`, {
    hint: 'push the blobs before the manifest',
    detail,
  });
}

/** The `errors` of a body; what is not of that shape counts as none. */
async function errorsIn(answer: Answer): Promise<DistributionError[]> {
  try {
    const bytes = await readBounded(answer, ERROR_BODY_BYTES_MAX);
    if (bytes === undefined || bytes.byteLength === 0) return [];
    return decodeErrors(parseJson(bytes, 'error body'));
  } catch {
    // A proxy's HTML page, a cut connection: the status alone has to do.
    return [];
  }
}

/** @throws JSON_INVALID */
function decodeErrors(body: JsonValue): DistributionError[] {
  return new ObjectReader(body, 'error body')
    .objects('errors')
    .slice(0, ERRORS_MAX)
    .map((error) => ({
      code: printable(error.optionalString('code') ?? 'UNKNOWN'),
      message: printable(error.optionalString('message') ?? 'unknown error'),
    }));
}

/** A peer's text may reach a terminal: one line, no control characters, of bounded length. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MESSAGE_LENGTH_MAX);
}

/** `MANIFEST_UNKNOWN` → `manifest unknown`, as docker prints codes. */
function wordsOf(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
