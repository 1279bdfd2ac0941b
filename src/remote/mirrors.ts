/**
 * Mirrors as an interceptor: manifests and blobs are asked of each in turn, then of the registry
 * itself, whose answer stands. Whatever is wrong with a mirror is told once, and one that cannot be
 * reached is not asked again. Tags, uploads and deletions go to the registry alone.
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

export function mirrored(
  origin: Origin,
  mirrors: readonly Mirror[],
  events: EventSink,
): Interceptor {
  const unreachable = new Set<Mirror>();
  const told = new Set<Mirror>();
  const tell = (mirror: Mirror, why: string): void => {
    if (told.has(mirror)) return;
    told.add(mirror);
    const text = `mirror ${mirror.registry}: ${why}; the next is asked`;
    events({ kind: 'note', level: 'info', text });
  };
  return (next) => async (call) => {
    const wanted = contentWanted(call, origin);
    for (const mirror of wanted === undefined ? [] : mirrors) {
      if (wanted === undefined || unreachable.has(mirror)) continue;
      if (!mirror.resolvesTags && isTag(wanted)) continue;
      const outcome = await ask(mirror, mirroredCall(call, mirror, wanted));
      if (typeof outcome !== 'string') return outcome;
      if (outcome !== 'not found') tell(mirror, outcome);
      if (!/^\d|not found/.test(outcome)) unreachable.add(mirror);
    }
    return next(call);
  };
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
