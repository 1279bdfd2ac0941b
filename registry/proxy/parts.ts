/** What all of the proxy shares, and how an upstream is asked. */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { BlobInfo } from '#core/repository.ts';
import type { RemoteRepository } from '#remote/repository.ts';
import type { Arrivals } from './arrivals.ts';
import type { ProxyCache } from './cache.ts';
import { failureOf } from './failure.ts';
import type { ProxyFigures } from './figures.ts';
import type { Absent, BlobSizes } from './memory.ts';
import type { Origin } from './names.ts';
import type { Remotes } from './remotes.ts';
import type { SingleFlight } from './single-flight.ts';

export interface ProxyParts {
  readonly cache: ProxyCache;
  readonly remotes: Remotes;
  readonly arrivals: Arrivals;
  /** Manifests and lists on their way. */
  readonly flights: SingleFlight<void>;
  /** Questions for blobs. */
  readonly blobFlights: SingleFlight<BlobInfo | undefined>;
  readonly absent: Absent;
  readonly sizes: BlobSizes;
  readonly figures: ProxyFigures;
  readonly log: (line: string) => void;
  readonly nowMs: () => number;
}

/** One request of a client. */
export interface RequestScope {
  /** The Via header for what is asked of an upstream because of it. */
  readonly via: string;
  /** For the client, in the answer's headers. */
  readonly warn: (text: string) => void;
}

/** A repository of an upstream for one request. */
export interface Proxied {
  /** Its name here. */
  readonly name: string;
  readonly origin: Origin;
  readonly scope: RequestScope;
}

/** Who has something else to show does not wait for long. */
export const PATIENCE_MS = { withCopy: 5000, without: 30_000 } as const;

/** Asks an upstream, and keeps account of whether it answers. @throws what the client throws */
export async function ask<T>(
  { remotes, figures }: ProxyParts,
  { origin, scope }: Proxied,
  work: (remote: RemoteRepository, signal: AbortSignal) => Promise<T>,
  patienceMs: number = PATIENCE_MS.without,
): Promise<T> {
  const { rest, config } = origin.upstream;
  const signal = AbortSignal.timeout(patienceMs);
  using borrowed = await remotes.borrow(origin, scope.via);
  const answered = (): void => {
    rest.answered();
    figures.answers(config.name, true);
  };
  try {
    const answer = await work(borrowed.remote, signal);
    answered();
    return answer;
  } catch (cause) {
    const error =
      isSlipwayError(cause, 'CANCELLED') && signal.aborted ? late(origin, patienceMs) : cause;
    if (failureOf(error) === 'unavailable') {
      rest.failed(error);
      figures.answers(config.name, false);
    } else if (failureOf(error) !== undefined) answered();
    throw error;
  }
}

function late({ upstream }: Origin, patienceMs: number): SlipwayError {
  return new SlipwayError(
    'REGISTRY_UNREACHABLE',
    `${upstream.registry} did not answer within ${patienceMs / 1000} seconds`,
  );
}
