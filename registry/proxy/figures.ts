/** How the proxy does, for Prometheus. Upstreams are those of the configuration: their number is small. */
import { Counter, Gauge, type Registry } from 'prom-client';

export type ProxiedKind = 'manifest' | 'blob' | 'list';

/** `stale`: shown because the upstream failed; `miss`: the upstream was asked for its content. */
export type ProxyResult = 'hit' | 'miss' | 'stale' | 'absent' | 'failed';

export interface ProxyFigures {
  count(upstream: string, kind: ProxiedKind, result: ProxyResult): void;
  received(upstream: string, bytes: number): void;
  /** Whether its last answer was one. */
  answers(upstream: string, isUp: boolean): void;
}

export const NO_FIGURES: ProxyFigures = { count() {}, received() {}, answers() {} };

export function proxyFigures(registry: Registry): ProxyFigures {
  const registers = [registry];
  const requests = new Counter({
    name: 'slipway_registry_proxy_requests_total',
    help: 'What was asked for of upstreams, and whether it was here: hit, miss, stale, absent, failed',
    labelNames: ['upstream', 'kind', 'result'],
    registers,
  });
  const bytes = new Counter({
    name: 'slipway_registry_proxy_received_bytes_total',
    help: 'Bytes of blobs that came from upstreams',
    labelNames: ['upstream'],
    registers,
  });
  const up = new Gauge({
    name: 'slipway_registry_proxy_upstream_up',
    help: '1 where the last question to the upstream was answered, 0 where it failed',
    labelNames: ['upstream'],
    registers,
  });
  return {
    count: (upstream, kind, result) => requests.inc({ upstream, kind, result }),
    received: (upstream, count) => bytes.inc({ upstream }, count),
    answers: (upstream, isUp) => up.set({ upstream }, isUp ? 1 : 0),
  };
}
