/**
 * Where plain HTTP may stand in for TLS, or the other way round on this machine: the endpoints are
 * tried in their order with the first call, and the one that answers is kept. Until then a connection
 * that fails is not tried again, so that the wrong one costs one round trip.
 */

import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { Endpoint } from './endpoint.ts';
import { type Answer, type Call, type Exchange, readBounded } from './exchange.ts';

/** One way to reach a host. */
export interface Way {
  readonly endpoint: Endpoint;
  readonly send: Exchange;
}

/** Shared with the ways, which are patient once it is settled. */
export interface SchemeChoice {
  chosen: Way | undefined;
}

const REFUSAL_BYTES_MAX = 4096;
/** What Go and nginx answer to plain HTTP on a port of TLS. */
const WANTS_TLS = /plain HTTP request was sent to HTTPS|HTTP request to an HTTPS/i;

/** Calls are addressed to the first way's origin, or to where an answer led. */
export function choosingScheme(
  ways: readonly [Way, ...Way[]],
  choice: SchemeChoice,
  events: EventSink,
): Exchange {
  const [first, ...others] = ways;
  if (others.length === 0) choice.chosen = first;
  return async (call) => {
    const own = ways.find(({ endpoint }) => endpoint.base.origin === call.url.origin);
    // Where an answer led, perhaps to an earlier process.
    if (own !== first) return (own ?? choice.chosen ?? first).send(call);
    if (choice.chosen) return choice.chosen.send(addressed(call, first, choice.chosen));
    for (const way of ways) {
      const answer = await answerOf(way, addressed(call, first, way));
      if (!answer) continue;
      choice.chosen = way;
      if (way !== first && way.endpoint.base.protocol === 'http:') {
        const text = `${way.endpoint.base.host} does not speak TLS: plain HTTP is used, as configured`;
        events({ kind: 'note', level: 'info', text });
      }
      return answer;
    }
    choice.chosen = first;
    return first.send(call);
  };
}

function addressed(call: Call, from: Way, to: Way): Call {
  if (from === to) return call;
  const { pathname, search } = call.url;
  return { ...call, url: new URL(pathname + search, to.endpoint.base) };
}

/** Undefined when this way leads to nobody who understands. */
async function answerOf(way: Way, call: Call): Promise<Answer | undefined> {
  try {
    const answer = await way.send(call);
    return answer.status === 400 ? await unlessMisunderstood(answer) : answer;
  } catch (error) {
    if (isSlipwayError(error, 'REGISTRY_UNREACHABLE') && !isDistrusted(error)) return undefined;
    throw error;
  }
}

/** A certificate that is not believed must not lead to no certificate at all. */
function isDistrusted({ detail }: SlipwayError): boolean {
  return detail.failure === 'unknown-authority' || detail.failure === 'certificate';
}

/** A refusal has to be read to be understood; what is another one is given back whole. */
async function unlessMisunderstood(answer: Answer): Promise<Answer | undefined> {
  const bytes = (await readBounded(answer, REFUSAL_BYTES_MAX)) ?? new Uint8Array();
  if (WANTS_TLS.test(Buffer.from(bytes).toString('latin1'))) return undefined;
  return {
    ...answer,
    body: (async function* () {
      yield bytes;
    })(),
    discard: async () => {},
  };
}
