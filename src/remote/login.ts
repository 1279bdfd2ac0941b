/** Asks a registry at its door whether it takes a user for who he says he is (`GET /v2/`). */
import { SlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import { connect } from './connection.ts';
import type { Credential } from './credentials.ts';
import { displayUrl } from './errors.ts';
import { registryHost } from './registries/plan.ts';
import type { Route } from './registries/registries.ts';
import { DEFAULT_RETRY, type RetryPolicy } from './retry.ts';
import { statusText } from './status-text.ts';
import type { Trace } from './tracing.ts';
import { openTransport } from './transport.ts';

export interface LoginCheck {
  readonly route: Route;
  readonly credential: Credential;
  readonly events?: EventSink;
  readonly trace?: Trace;
  readonly signal?: AbortSignal;
  readonly retry?: RetryPolicy;
}

/**
 * What to store: the credential itself, or the identity token that the registry gives for it.
 * @throws UNAUTHORIZED, and what connections throw
 */
export async function checkLogin(check: LoginCheck): Promise<Credential> {
  const { route, credential, events = ignoreEvents, retry = DEFAULT_RETRY } = check;
  await using transport = openTransport({ userAgent: 'slipway', origins: route.origins });
  const host = registryHost(route.plan);
  let identity: Credential | undefined;
  const connection = connect(
    {
      plan: { ...route.plan, hosts: [host] },
      credentials: { find: async () => ({ value: credential, origin: 'login' }) },
      events,
      retry,
      ...(check.trace ? { trace: check.trace } : {}),
      onIdentityToken: (token) => {
        identity = { kind: 'identity-token', token };
      },
    },
    transport.exchange,
  );
  const { api } = connection.endpoint;
  const answer = await connection.send({
    method: 'GET',
    url: api,
    scopes: [],
    isRepeatable: true,
    signal: check.signal,
  });
  await answer.discard();
  if (answer.status === 200) return identity ?? credential;
  const isDenied = answer.status === 401 || answer.status === 403;
  throw new SlipwayError(
    isDenied ? 'UNAUTHORIZED' : 'REGISTRY_REFUSED',
    `login attempt to ${displayUrl(answer.url)} failed with status: ${statusText(answer.status)}`,
    {
      hint: isDenied
        ? 'check user name and password; registries with two-factor login want an access token in its place'
        : `check that ${host.registry} is a registry, and its port`,
      detail: { status: answer.status },
    },
  );
}
