/**
 * A body that only trickles. Silence ends a connection by itself (transport.ts); a byte now and then
 * would hold a pull for ever, so too little within a minute of waiting counts as a broken connection.
 */
import { SlipwayError } from '#core/errors.ts';

export interface StallPolicy {
  readonly windowMs: number;
  /** What must have come within it. */
  readonly bytesMin: number;
  readonly nowMs: () => number;
}

const STALL: StallPolicy = {
  windowMs: 60_000,
  bytesMin: 16 * 1024,
  nowMs: () => performance.now(),
};

/** Passes chunks on; only the time in which the other side is waited for counts. @throws REGISTRY_UNREACHABLE */
export async function* unstalled(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { windowMs, bytesMin, nowMs }: StallPolicy = STALL,
): AsyncGenerator<Uint8Array> {
  let waitedMs = 0;
  let bytes = 0;
  let sinceMs = nowMs();
  for await (const chunk of body) {
    waitedMs += nowMs() - sinceMs;
    bytes += chunk.byteLength;
    if (waitedMs >= windowMs) {
      if (bytes < bytesMin) throw stalled(bytes, waitedMs);
      waitedMs = 0;
      bytes = 0;
    }
    yield chunk;
    sinceMs = nowMs();
  }
}

function stalled(bytes: number, waitedMs: number): SlipwayError {
  const seconds = Math.round(waitedMs / 1000);
  return new SlipwayError(
    'REGISTRY_UNREACHABLE',
    `net/http: request canceled while reading body: ${bytes} bytes in ${seconds} seconds`,
    {
      hint: 'the registry hardly sends anything: check the network, a proxy or a firewall on the way',
      detail: { transient: true, bytes },
    },
  );
}
