/** What a registry says at its door (`GET /v2/`), told without credentials: for `slipway doctor`. */
import { ignoreEvents } from '#core/events.ts';
import { advisingOnFailure } from './advice.ts';
import { parseChallenges } from './challenge.ts';
import { headerOf } from './exchange.ts';
import { registryHost } from './registries/plan.ts';
import type { Route } from './registries/registries.ts';
import { choosingScheme } from './scheme-choice.ts';
import { type Trace, tracing } from './tracing.ts';
import { openTransport } from './transport.ts';

const ANSWER_MS_MAX = 15_000;

export interface RegistryAnswer {
  readonly url: string;
  readonly status: number;
  /** `bearer`, `basic`; empty: anybody may come in. */
  readonly authentication: readonly string[];
  /** It speaks the distribution API. */
  readonly isRegistry: boolean;
  /** By how much its clock is ahead of `nowMs`; undefined when it does not tell. */
  readonly aheadMs?: number;
}

/** @throws REGISTRY_UNREACHABLE, CANCELLED */
export async function pingRegistry(
  { plan, origins }: Route,
  options: {
    readonly nowMs: () => number;
    readonly signal?: AbortSignal;
    readonly trace?: Trace;
  },
): Promise<RegistryAnswer> {
  const { nowMs, signal } = options;
  await using transport = openTransport({ userAgent: 'slipway doctor', origins });
  const limit = AbortSignal.timeout(ANSWER_MS_MAX);
  const exchange = options.trace ? tracing(options.trace)(transport.exchange) : transport.exchange;
  const host = registryHost(plan);
  const [first, ...others] = host.endpoints.map((endpoint) => ({ endpoint, send: exchange }));
  if (!first) throw new RangeError('a host is reached somehow');
  const choosing = choosingScheme([first, ...others], { chosen: undefined }, ignoreEvents);
  const send = advisingOnFailure(host, { files: plan.files, transport: exchange })(choosing);
  const answer = await send({
    method: 'GET',
    url: first.endpoint.api,
    scopes: [],
    isRepeatable: true,
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  await answer.discard();
  const date = Date.parse(headerOf(answer, 'date') ?? '');
  const challenge = headerOf(answer, 'www-authenticate');
  return {
    url: new URL('/', answer.url).href,
    status: answer.status,
    authentication: challenge ? parseChallenges(challenge).map(({ scheme }) => scheme) : [],
    isRegistry:
      [200, 401].includes(answer.status) &&
      (headerOf(answer, 'docker-distribution-api-version') !== undefined ||
        answer.status === 200 ||
        challenge !== undefined),
    ...(Number.isNaN(date) ? {} : { aheadMs: date - nowMs() }),
  };
}
