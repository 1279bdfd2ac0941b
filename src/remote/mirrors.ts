/**
 * Mirrors as an interceptor: manifests and blobs are asked of each in turn, then of the registry
 * itself, whose answer stands. Whatever is wrong with a mirror is told once, and one that cannot be
 * reached, or that gave damaged content, is not asked again. Tags, uploads and deletions go to the
 * registry alone.
 */
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import { apiUrl, type Endpoint } from './endpoint.ts';
import type { Answer, Call, Exchange, Interceptor } from './exchange.ts';

export interface Mirror {
  readonly registry: string;
  readonly repository: string;
  readonly endpoint: Endpoint;
  readonly resolvesTags: boolean;
  /** Sent as `?ns=`. */
  readonly namespace?: string;
  readonly send: Exchange;
}

export interface Origin {
  readonly endpoint: Endpoint;
  readonly repository: string;
}

/** What answered remains known for this many things. */
const ANSWERS_MAX = 10_000;

export class Mirrors {
  readonly #origin: Origin;
  readonly #events: EventSink;
  /** Those that may be asked. */
  readonly #usable: Set<Mirror>;
  readonly #told = new Set<Mirror>();
  /** Who answered last, by what was wanted. */
  readonly #answered = new Map<string, Mirror>();

  constructor(origin: Origin, mirrors: readonly Mirror[], events: EventSink) {
    this.#origin = origin;
    this.#usable = new Set(mirrors);
    this.#events = events;
  }

  readonly interceptor: Interceptor = (next) => async (call) => {
    const wanted = contentWanted(call, this.#origin);
    if (wanted === undefined) return await next(call);
    for (const mirror of this.#usable) {
      if (!mirror.resolvesTags && isTag(wanted)) continue;
      const outcome = await ask(mirror, mirroredCall(call, mirror, wanted));
      if (typeof outcome !== 'string') {
        if (this.#answered.size < ANSWERS_MAX) this.#answered.set(wanted, mirror);
        return outcome;
      }
      if (outcome !== 'not found') this.#tell(mirror, outcome);
      if (!/^\d|not found/.test(outcome)) this.#usable.delete(mirror);
    }
    this.#answered.delete(wanted);
    return await next(call);
  };

  /** What came for `wanted` was damaged. True: by a mirror, which is not asked again, so others are. */
  distrust(wanted: string): boolean {
    const mirror = this.#answered.get(wanted);
    if (!mirror) return false;
    this.#answered.delete(wanted);
    this.#usable.delete(mirror);
    this.#tell(mirror, 'damaged content');
    return true;
  }

  #tell(mirror: Mirror, why: string): void {
    if (this.#told.has(mirror)) return;
    this.#told.add(mirror);
    const text = `mirror ${mirror.registry}: ${why}; the next is asked`;
    this.#events({ kind: 'note', level: 'info', text });
  }
}

/** `manifests/latest`, `blobs/sha256:…`, as it stands in the URL; undefined for anything else. */
function contentWanted(call: Call, { endpoint, repository }: Origin): string | undefined {
  if (call.method !== 'GET' && call.method !== 'HEAD') return undefined;
  const start = apiUrl(endpoint, `${repository}/`).href;
  if (!call.url.href.startsWith(start)) return undefined;
  const wanted = call.url.href.slice(start.length);
  return /^(manifests\/[^/?]+|blobs\/[^/?]+:[^/?]+)$/.test(wanted) ? wanted : undefined;
}

function isTag(wanted: string): boolean {
  return wanted.startsWith('manifests/') && !wanted.includes(':');
}

function mirroredCall(call: Call, mirror: Mirror, wanted: string): Call {
  const url = apiUrl(mirror.endpoint, `${mirror.repository}/${wanted}`);
  if (mirror.namespace !== undefined) url.searchParams.set('ns', mirror.namespace);
  return { ...call, url, scopes: [`repository:${mirror.repository}:pull`] };
}

/** The answer, or why there is none worth having. */
async function ask(mirror: Mirror, call: Call): Promise<Answer | string> {
  try {
    const answer = await mirror.send(call);
    if (answer.status < 400) return answer;
    await answer.discard();
    return answer.status === 404 ? 'not found' : `${answer.status}`;
  } catch (error) {
    if (!isSlipwayError(error) || error.code === 'CANCELLED' || errnoOf(error)) throw error;
    return error.message;
  }
}
