/**
 * One HTTP exchange with a registry as a function, so that authentication, redirects, retries and
 * warnings are interceptors: each takes an Exchange and gives back an Exchange. Only transport.ts
 * knows undici; everything above it is testable with a plain function.
 */
import { unstalled } from './stall.ts';

/** A request body. `open` is called once per attempt; only bodies that can be opened again are. */
export type CallBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'stream';
      readonly open: () => AsyncIterable<Uint8Array>;
      /** Absent: sent chunked. */
      readonly sizeBytes?: number;
    };

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: CallBody;
  /** Token scopes this call needs, such as `repository:library/x:pull`. */
  readonly scopes: readonly string[];
  /** True when sending it twice has the effect of sending it once, and the body can be sent again. */
  readonly isRepeatable: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Keys in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** Must be read to its end or discarded, or the connection is lost. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops what is left of the body; never throws. */
  discard(): Promise<void>;
}

/** @throws REGISTRY_UNREACHABLE, CANCELLED; every HTTP status is an answer, not an error */
export type Exchange = (call: Call) => Promise<Answer>;

export type Interceptor = (next: Exchange) => Exchange;

/** The first interceptor is the outermost: it sees the call first and the answer last. */
export function compose(exchange: Exchange, interceptors: readonly Interceptor[]): Exchange {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), exchange);
}

/** A header's value; repeated headers are joined as RFC 9110 §5.3 allows. */
export function headerOf(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The whole body, or undefined when it is longer than `limitBytes` (the rest is discarded). */
export async function readBounded(
  answer: Answer,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of unstalled(answer.body)) {
    size += chunk.byteLength;
    if (size > limitBytes) {
      await answer.discard();
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
