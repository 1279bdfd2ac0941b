/**
 * One repository of one registry, ready to be asked: the endpoint, the composed Exchange and the
 * words for errors. repository.ts and the blob files make their calls through it.
 */
import { type EventSink, ignoreEvents } from '#core/events.ts';
import { familiarName } from '#core/reference.ts';
import { authentication } from './auth.ts';
import { type Credentials, NO_CREDENTIALS } from './credentials.ts';
import { apiUrl, type Endpoint, endpointOf } from './endpoint.ts';
import { type CallSubject, registryError } from './errors.ts';
import { type Answer, type Call, compose, type Exchange } from './exchange.ts';
import { followingRedirects } from './redirects.ts';
import { type RetryPolicy, retrying } from './retry.ts';
import { reportingWarnings } from './warnings.ts';

export interface ConnectionOptions {
  /** As in references: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** The path within the registry: `library/ubuntu`. */
  readonly repository: string;
  /** Said by the user; absent: endpoint.ts decides. */
  readonly scheme?: 'http' | 'https';
  readonly credentials?: Credentials;
  readonly events?: EventSink;
  /** Stops every call. */
  readonly signal?: AbortSignal;
  readonly retry: RetryPolicy;
}

export interface Connection {
  readonly endpoint: Endpoint;
  readonly repository: string;
  readonly send: Exchange;
  readonly retry: RetryPolicy;
  /** The URL of `/v2/<repository>/<path>`. */
  url(path: string): URL;
  /** Token scopes for an action on this repository, and for reading another one. */
  scopes(action: CallSubject['action'], from?: string): readonly string[];
  /** The caller's signal together with the connection's own. */
  signal(own: AbortSignal | undefined): AbortSignal | undefined;
  /** Reads the answer to its end and makes it an error. */
  failure(answer: Answer, about: Omit<CallSubject, 'repository' | 'loginHint'>): Promise<Error>;
}

/** What a token server is asked for; deleting needs reading too on most registries. */
const ACTIONS: Readonly<Record<CallSubject['action'], string>> = {
  pull: 'pull',
  push: 'pull,push',
  delete: 'pull,delete',
};

export function connect(options: ConnectionOptions, transport: Exchange): Connection {
  const { registry, repository, retry } = options;
  const endpoint = endpointOf(registry, options.scheme);
  const displayName = familiarName({ registry, repository });
  const credentials = options.credentials ?? NO_CREDENTIALS;
  const loginHint = loginHintFor({ registry, repository, credentials });
  return {
    endpoint,
    repository,
    retry,
    send: composed(options, { endpoint, credentials, transport }),
    url: (path) => apiUrl(endpoint, `${repository}/${path}`),
    scopes: (action, from) => [
      `repository:${repository}:${ACTIONS[action]}`,
      ...(from === undefined ? [] : [`repository:${from}:pull`]),
    ],
    signal: (own) =>
      own && options.signal ? AbortSignal.any([own, options.signal]) : (own ?? options.signal),
    failure: (answer, about) =>
      registryError(answer, {
        ...about,
        repository: displayName,
        ...(loginHint === undefined ? {} : { loginHint }),
      }),
  };
}

/** Outermost first. Retry is inside authentication, so token requests are retried like any other. */
function composed(
  { registry, repository, events = ignoreEvents, retry }: ConnectionOptions,
  parts: {
    readonly endpoint: Endpoint;
    readonly credentials: Credentials;
    readonly transport: Exchange;
  },
): Exchange {
  const { endpoint, credentials, transport } = parts;
  const noteRetry = (delayMs: number): void =>
    events({
      kind: 'note',
      level: 'info',
      text: `${registry}: retrying in ${Math.ceil(delayMs / 1000)} seconds`,
    });
  return compose(transport, [
    reportingWarnings(registry, events),
    authentication({ endpoint, repository, credentials, now: retry.now }),
    retrying(retry, noteRetry),
    followingRedirects(),
  ]);
}

function loginHintFor(options: {
  readonly registry: string;
  readonly repository: string;
  readonly credentials: Credentials;
}): string | undefined {
  const { registry, repository, credentials } = options;
  if (credentials.find(registry, repository)) return undefined;
  const helper = credentials.helperFor(registry);
  if (helper !== undefined) {
    return `the credentials for ${registry} are kept by docker-credential-${helper}, which is not asked yet: store them in the file itself, or use a registry that allows anonymous access`;
  }
  return `no credentials for ${registry} are stored: log in, or check the name`;
}

/** A call without a body; reads are repeatable. */
export function readCall(
  connection: Connection,
  url: URL,
  options: {
    readonly method: 'GET' | 'HEAD';
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal: AbortSignal | undefined;
  },
): Call {
  return {
    ...options,
    url,
    scopes: connection.scopes('pull'),
    isRepeatable: true,
    signal: connection.signal(options.signal),
  };
}
