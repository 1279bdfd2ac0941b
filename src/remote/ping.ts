/** What a registry says at its door (`GET /v2/`), told without credentials: for `slipway doctor`. */
import { parseChallenges } from './challenge.ts';
import { endpointOf } from './endpoint.ts';
import { headerOf } from './exchange.ts';
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
  registry: string,
  { nowMs, signal }: { readonly nowMs: () => number; readonly signal?: AbortSignal },
): Promise<RegistryAnswer> {
  const { base } = endpointOf(registry);
  await using transport = openTransport({ userAgent: 'slipway doctor' });
  const limit = AbortSignal.timeout(ANSWER_MS_MAX);
  const answer = await transport.exchange({
    method: 'GET',
    url: new URL('/v2/', base),
    scopes: [],
    isRepeatable: true,
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  const date = Date.parse(headerOf(answer, 'date') ?? '');
  const challenge = headerOf(answer, 'www-authenticate');
  return {
    url: base.href,
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
