/** A file from a web server, streamed. Redirects are followed, transient refusals tried again. */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { basicAuthorization } from './credentials.ts';
import { displayUrl } from './errors.ts';
import { type Answer, type Call, compose, headerOf } from './exchange.ts';
import type { OriginLookup } from './network.ts';
import { followingRedirects } from './redirects.ts';
import { DEFAULT_RETRY, type RetryPolicy, retrying } from './retry.ts';
import { statusText } from './status-text.ts';
import { type Trace, tracing } from './tracing.ts';
import { openTransport } from './transport.ts';

const USER_AGENT = 'slipway';

export interface DownloadOptions {
  /** An entity tag: what still has it is not sent again. */
  readonly known?: string;
  /** Sent besides, to the URL's own origin only: `authorization`. */
  readonly authorization?: string;
  readonly signal?: AbortSignal;
  readonly retry?: RetryPolicy;
  /** Certificates and proxies. Absent: what Node and the machine trust, and no proxy. */
  readonly origins?: OriginLookup;
  /** Gets a line per request. */
  readonly trace?: Trace;
}

/** Read it to its end or dispose it; both are needed to be done with it. */
export interface Download extends AsyncDisposable {
  /** It still has the tag that is known; the body is empty. */
  readonly isUnchanged: boolean;
  readonly etag?: string;
  /** Seconds since 1970. */
  readonly lastModified?: number;
  /** The bytes as sent: compressed files stay so. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Asks for a file and waits for the answer. A user and password in the URL are sent as basic
 * authentication, to its own origin only.
 * @throws DOWNLOAD_FAILED, now or while the body is read; CANCELLED
 */
export async function download(url: URL, options: DownloadOptions = {}): Promise<Download> {
  const { known, retry = DEFAULT_RETRY, origins, trace } = options;
  await using stack = new AsyncDisposableStack();
  const transport = stack.use(
    openTransport({ userAgent: USER_AGENT, ...(origins ? { origins } : {}) }),
  );
  const send = compose(transport.exchange, [
    retrying(retry),
    followingRedirects(),
    ...(trace ? [tracing(trace)] : []),
  ]);
  const answer = await asDownload(() => send(callOf(url, options)));
  const isUnchanged = known !== undefined && answer.status === 304;
  if (answer.status !== 200 && !isUnchanged) {
    await answer.discard();
    throw refused(url, answer);
  }
  const held = stack.move();
  const etag = headerOf(answer, 'etag');
  const modified = Date.parse(headerOf(answer, 'last-modified') ?? '');
  return {
    // Some servers have tags and never say 304.
    isUnchanged: isUnchanged || (known !== undefined && etag === known),
    ...(etag === undefined ? {} : { etag }),
    ...(Number.isNaN(modified) ? {} : { lastModified: Math.floor(modified / 1000) }),
    body: bodyOf(answer),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function callOf(url: URL, { known, authorization: given, signal }: DownloadOptions): Call {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  const hasUser = url.username !== '' || url.password !== '';
  const authorization = hasUser
    ? basicAuthorization(unescaped(url.username), unescaped(url.password))
    : given;
  const headers = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(known === undefined ? {} : { 'if-none-match': known }),
  };
  return { method: 'GET', url: plain, headers, scopes: [], isRepeatable: true, signal };
}

/** Where a percent sign begins no escape, all is meant as it stands. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function* bodyOf(answer: Answer): AsyncGenerator<Uint8Array> {
  const chunks = answer.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await asDownload(() => chunks.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}

/** The client's errors speak of registries. */
async function asDownload<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isSlipwayError(cause, 'REGISTRY_UNREACHABLE', 'REGISTRY_PROTOCOL')) throw cause;
    throw new SlipwayError('DOWNLOAD_FAILED', cause.message, {
      hint: 'check the address and the network, or fetch the file yourself and name it instead',
      cause: cause.cause,
      detail: cause.detail,
    });
  }
}

/** docker's words. */
function refused(url: URL, { status }: Answer): SlipwayError {
  return new SlipwayError(
    'DOWNLOAD_FAILED',
    `failed to GET ${displayUrl(url)} with status ${statusText(status)}`,
    { hint: 'check the address', detail: { status } },
  );
}
