/**
 * One repository of one registry, ready to be asked: the endpoint, the composed Exchange and the
 * words for errors. repository.ts and the blob files make their calls through it; which mirror,
 * which scheme and whose credentials they meet is decided below.
 */
import { type EventSink, ignoreEvents } from '#core/events.ts';
import { familiarName } from '#core/reference.ts';
import { advisingOnFailure } from './advice.ts';
import { authentication } from './auth.ts';
import { type Credentials, NO_CREDENTIALS } from './credentials.ts';
import { apiUrl, type Endpoint } from './endpoint.ts';
import { type CallSubject, registryError } from './errors.ts';
import { type Answer, type Call, compose, type Exchange, type Interceptor } from './exchange.ts';
import { type Mirror, Mirrors } from './mirrors.ts';
import { reportingRateLimit } from './rate-limit.ts';
import { followingRedirects } from './redirects.ts';
import { type HostPlan, type RegistryPlan, registryHost } from './registries/plan.ts';
import { type RetryPolicy, retrying } from './retry.ts';
import { choosingScheme, type SchemeChoice, type Way } from './scheme-choice.ts';
import { cleanedEvents, cleaningErrors, Secrets } from './secrets.ts';
import { type Trace, tracing } from './tracing.ts';
import { reportingWarnings } from './warnings.ts';

export interface ConnectionOptions {
  readonly plan: RegistryPlan;
  readonly credentials?: Credentials;
  readonly events?: EventSink;
  /** Gets a line per request. */
  readonly trace?: Trace;
  /** Stops every call. */
  readonly signal?: AbortSignal;
  readonly retry: RetryPolicy;
  /** What is asked is what the registry itself has, by somebody who may push: no mirror can answer. */
  readonly forPush?: boolean;
  /** Asks token services for an identity token too, and hears of it: for login. */
  readonly onIdentityToken?: (token: string) => void;
}

export interface Connection {
  readonly endpoint: Endpoint;
  /** Where the registry has it, which a configuration may put elsewhere than the name says. */
  readonly repository: string;
  readonly send: Exchange;
  readonly retry: RetryPolicy;
  /** What came for a path of the repository was damaged. True: another attempt asks somebody else. */
  distrust(path: string): boolean;
  /** The URL of `/v2/<repository>/<path>`. */
  url(path: string): URL;
  /** It is the registry's own, over TLS or plain HTTP as it may be spoken to. */
  isOwn(url: URL): boolean;
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

/** A mirror that does not answer is left for the next one soon. */
const MIRROR_ATTEMPTS_MAX = 2;

export function connect(options: ConnectionOptions, transport: Exchange): Connection {
  const { plan, retry, forPush = false } = options;
  const secrets = new Secrets();
  const host = registryHost(plan);
  const { repository } = host;
  const endpoint = firstEndpoint(host);
  const displayName = familiarName(plan);
  const parts: Parts = {
    files: plan.files,
    credentials: options.credentials ?? NO_CREDENTIALS,
    events: cleanedEvents(secrets, options.events ?? ignoreEvents),
    secrets,
    ...(options.onIdentityToken ? { onIdentityToken: options.onIdentityToken } : {}),
    transport: options.trace ? tracing(cleaned(options.trace, secrets))(transport) : transport,
  };
  const mirrors = new Mirrors(
    { endpoint, repository },
    forPush ? [] : mirrorsOf(plan, retry, parts),
    parts.events,
  );
  return {
    endpoint,
    repository,
    retry,
    send: compose(sendTo(host, retry, parts), [cleaningErrors(secrets), mirrors.interceptor]),
    distrust: (path) => mirrors.distrust(path),
    url: (path) => apiUrl(endpoint, `${repository}/${path}`),
    isOwn: ({ origin }) => host.endpoints.some(({ base }) => base.origin === origin),
    scopes: (action, from) => [
      // A repository that a push is to make may not be read without the right to push.
      `repository:${repository}:${ACTIONS[forPush && action === 'pull' ? 'push' : action]}`,
      ...(from === undefined ? [] : [`repository:${from}:pull`]),
    ],
    signal: (own) =>
      own && options.signal ? AbortSignal.any([own, options.signal]) : (own ?? options.signal),
    failure: async (answer, about) => {
      const loginHint = await loginHintFor(host, parts.credentials);
      const subject = { ...about, repository: displayName };
      const error = await registryError(answer, loginHint ? { ...subject, loginHint } : subject);
      return secrets.cleanError(error) as Error;
    },
  };
}

interface Parts {
  readonly files: readonly string[];
  readonly credentials: Credentials;
  readonly events: EventSink;
  readonly secrets: Secrets;
  readonly transport: Exchange;
  readonly onIdentityToken?: (token: string) => void;
}

function cleaned(trace: Trace, secrets: Secrets): Trace {
  return (line) => trace(secrets.clean(line));
}

function firstEndpoint({ endpoints }: HostPlan): Endpoint {
  const [first] = endpoints;
  if (!first) throw new RangeError('a host is reached somehow');
  return first;
}

function mirrorsOf({ hosts }: RegistryPlan, retry: RetryPolicy, parts: Parts): readonly Mirror[] {
  const patience = { ...retry, attemptsMax: Math.min(retry.attemptsMax, MIRROR_ATTEMPTS_MAX) };
  return hosts
    .filter(({ role }) => role === 'mirror')
    .map((host) => ({
      registry: host.registry,
      repository: host.repository,
      endpoint: firstEndpoint(host),
      resolvesTags: host.resolvesTags,
      ...(host.namespace === undefined ? {} : { namespace: host.namespace }),
      send: sendTo(host, patience, parts),
    }));
}

/** A host by all the ways that it may be reached. */
function sendTo(host: HostPlan, retry: RetryPolicy, parts: Parts): Exchange {
  const choice: SchemeChoice = { chosen: undefined };
  const options = { retry, parts, isSettled: () => choice.chosen !== undefined };
  const [first, ...others] = host.endpoints.map((endpoint) => wayTo(host, endpoint, options));
  if (!first) throw new RangeError('a host is reached somehow');
  const send = choosingScheme([first, ...others], choice, parts.events);
  return advisingOnFailure(host, parts)(send);
}

/** Outermost first. Retry is inside authentication, so token requests are retried like any other. */
function wayTo(
  { registry, repository, headers }: HostPlan,
  endpoint: Endpoint,
  options: {
    readonly retry: RetryPolicy;
    readonly parts: Parts;
    readonly isSettled: () => boolean;
  },
): Way {
  const { retry, isSettled } = options;
  const { credentials, events, secrets, transport, onIdentityToken } = options.parts;
  const onRetry = (delayMs: number): void =>
    events({
      kind: 'note',
      level: 'info',
      text: `${registry}: retrying in ${Math.ceil(delayMs / 1000)} seconds`,
    });
  secrets.add(...Object.values(headers.value));
  const send = compose(transport, [
    reportingWarnings(registry, events),
    reportingRateLimit(registry, events),
    authentication({
      endpoint,
      repository,
      credentials,
      secrets,
      now: retry.now,
      ...(onIdentityToken ? { onIdentityToken } : {}),
    }),
    retrying(retry, { onRetry, answersOnly: () => !isSettled() }),
    followingRedirects(),
    addingHeaders(endpoint, headers.value),
  ]);
  return { endpoint, send };
}

/** Configured headers go to the host that they were configured for. */
function addingHeaders({ base }: Endpoint, headers: Readonly<Record<string, string>>): Interceptor {
  if (Object.keys(headers).length === 0) return (next) => next;
  return (next) => (call) =>
    next(
      call.url.origin === base.origin
        ? { ...call, headers: { ...headers, ...call.headers } }
        : call,
    );
}

async function loginHintFor(
  { registry, repository }: HostPlan,
  credentials: Credentials,
): Promise<string | undefined> {
  if (await credentials.find(registry, repository)) return undefined;
  return `no credentials for ${registry} are stored: log in (slipway login ${registry}), or check the name`;
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
