/** Figures for Prometheus (`GET /metrics`): what is asked, how it went, how long it took, what flows. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Collected } from '../provider.ts';
import { type ProxyFigures, proxyFigures } from '../proxy/figures.ts';
import type { RequestRecord } from '../request-record.ts';

export interface Metrics {
  readonly contentType: string;
  observe(record: RequestRecord): void;
  /** Of the pull-through cache. */
  readonly proxy: ProxyFigures;
  /** An event of events.ts. */
  count(action: string): void;
  /** What gc removed. */
  collected(collected: Collected): void;
  /** A blob that the scrub found damaged or lost. */
  damaged(): void;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

/** Most requests take a millisecond; blobs may take minutes. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120];

export function registryMetrics(): Metrics {
  // One for each server: several may run in one process.
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'slipway_' });
  const registers = [registry];
  const requests = new Counter({
    name: 'slipway_registry_requests_total',
    help: 'Requests by endpoint, method and status',
    labelNames: ['endpoint', 'method', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'slipway_registry_request_seconds',
    help: 'How long answers took, until their last byte was sent',
    labelNames: ['endpoint', 'method'],
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const bytes = new Counter({
    name: 'slipway_registry_bytes_total',
    help: 'Bytes on the wire, by direction',
    labelNames: ['direction'],
    registers,
  });
  const aborted = new Counter({
    name: 'slipway_registry_aborted_total',
    help: 'Requests whose client left before the answer was out',
    registers,
  });
  const events = new Counter({
    name: 'slipway_registry_events_total',
    help: 'What happened to repositories: push, pull, mount, delete',
    labelNames: ['action'],
    registers,
  });
  const runs = new Counter({
    name: 'slipway_registry_gc_runs_total',
    help: 'Garbage collections of this server',
    registers,
  });
  const freed = new Counter({
    name: 'slipway_registry_gc_freed_bytes_total',
    help: 'Bytes that they freed',
    registers,
  });
  const damaged = new Counter({
    name: 'slipway_registry_damaged_blobs_total',
    help: 'Blobs that the scrub found damaged or lost',
    registers,
  });
  return {
    contentType: registry.contentType,
    collected: ({ bytes: freedBytes }) => {
      runs.inc();
      freed.inc(freedBytes);
    },
    damaged: () => damaged.inc(),
    proxy: proxyFigures(registry),
    observe: ({ endpoint = 'none', method, status, durationMs, isAborted, ...flow }) => {
      // What a client calls its method must not make rows without end.
      const known = METHODS.has(method) ? method : 'other';
      requests.inc({ endpoint, method: known, status });
      seconds.observe({ endpoint, method: known }, durationMs / 1000);
      bytes.inc({ direction: 'sent' }, flow.sentBytes);
      bytes.inc({ direction: 'received' }, flow.receivedBytes);
      if (isAborted) aborted.inc();
    },
    count: (action) => events.inc({ action }),
    text: () => registry.metrics(),
  };
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
