/** What every endpoint gets and gives, and the endpoints about the server itself (end-1, health). */
import type { IncomingMessage } from 'node:http';
import { type Digest, parseDigest } from '#core/digest.ts';
import { Refusal } from '../errors.ts';
import type { ManifestCache } from '../manifest-cache.ts';
import type { RegistryProvider } from '../provider.ts';
import { jsonReply, type Reply } from '../reply.ts';

export interface RegistryCall {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The request's body; ends with an error when the client goes away. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly provider: RegistryProvider;
  readonly manifests: ManifestCache;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** `GET /v2/`: this is a registry, and you may use it. */
export function baseEndpoint(call: RegistryCall): Reply {
  needMethod(call, 'GET', 'HEAD');
  return jsonReply({});
}

/** `GET /healthz` */
export function healthEndpoint(call: RegistryCall): Reply {
  needMethod(call, 'GET', 'HEAD');
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' };
}

/** @throws Refusal UNSUPPORTED */
export function needMethod(call: RegistryCall, ...methods: readonly string[]): void {
  if (!methods.includes(call.method)) throw methodRefused(call.method, methods);
}

/** 405 with what would be allowed (RFC 9110 §15.5.6). */
export function methodRefused(method: string, methods: readonly string[]): Refusal {
  return new Refusal('UNSUPPORTED', `${method} is not supported here`, {
    headers: { allow: methods.join(', ') },
  });
}

/** @throws Refusal DIGEST_INVALID */
export function digestFrom(text: string): Digest {
  try {
    return parseDigest(text);
  } catch {
    throw new Refusal('DIGEST_INVALID', `invalid digest: ${JSON.stringify(text.slice(0, 200))}`);
  }
}

/** True when the client's copy is still right (RFC 9110 §13.1.2); etags are quoted digests. */
export function isNotModified(call: RegistryCall, etag: string): boolean {
  const header = call.headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((part) => {
    const candidate = part.trim().replace(/^W\//, '');
    return candidate === etag || candidate === '*';
  });
}
