/** What every endpoint gets and gives, and the endpoints about the server itself (end-1). */
import type { IncomingMessage } from 'node:http';
import { type Digest, parseDigest } from '#core/digest.ts';
import type { Access, Identity } from '../auth/access.ts';
import type { Guard } from '../auth/guard.ts';
import { Refusal } from '../errors.ts';
import type { ManifestCache } from '../manifest-cache.ts';
import type { RegistryEvent } from '../operations/events.ts';
import type { DiskHeadroom } from '../operations/headroom.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { Quota } from '../operations/quota.ts';
import type { TagJudge } from '../operations/tag-rules.ts';
import type { RegistryProvider } from '../provider.ts';
import type { PullThrough } from '../proxy/pull-through.ts';
import { jsonReply, type Reply } from '../reply.ts';

/** What endpoints share for the server's life. */
export interface RegistryServices {
  readonly provider: RegistryProvider;
  readonly manifests: ManifestCache;
  /** Answers for repositories of other registries, too. Absent: there are none. */
  readonly proxy?: PullThrough;
  /** Absent: everybody may do everything. */
  readonly guard?: Guard;
  /** The certificate authority of our own, PEM. */
  readonly authority?: string;
  readonly metrics?: Metrics;
  /** DELETE is taken. */
  readonly deletes: boolean;
  /** The pages for browsers are there. */
  readonly hasPages: boolean;
  /** Absent: no tag is treated differently from others. */
  readonly tagJudge?: TagJudge;
  /** Absent: there is no limit but the disk. */
  readonly quota?: Quota;
  /** Absent: nothing is known of a disk. */
  readonly headroom?: DiskHeadroom;
}

export interface RegistryCall extends RegistryServices {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The request's body; ends with an error when the client goes away. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly identity: Identity;
  /** What the client calls the repository, where that is not the name it is kept under. */
  readonly asked?: string;
  /** For those who need to know more about the client than an endpoint does. */
  readonly request: IncomingMessage;
  /** Says what happened to a repository; absent: nobody listens. */
  readonly notify?: (event: RegistryEvent) => void;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** Whether the client may do this besides what its request needed. */
export function may({ guard, identity }: RegistryCall, access: Access): boolean {
  return guard?.may(identity, access) ?? true;
}

/** `GET /v2/`: this is a registry, and you may use it. */
export function baseEndpoint(call: RegistryCall): Reply {
  needMethod(call, 'GET', 'HEAD');
  return jsonReply({});
}

/** `GET /ca.crt`: what clients must trust, where the certificate is of our own making. */
export function authorityEndpoint(call: RegistryCall): Reply {
  needMethod(call, 'GET', 'HEAD');
  if (call.authority === undefined) throw noSuchEndpoint();
  return {
    status: 200,
    headers: { 'content-type': 'application/x-pem-file' },
    body: call.authority,
  };
}

export function noSuchEndpoint(): Refusal {
  return new Refusal('UNSUPPORTED', 'no such endpoint', { status: 404 });
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
