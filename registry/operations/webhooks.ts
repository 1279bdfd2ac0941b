/**
 * Events posted to others, in the envelope of docker's registry (distribution docs/notifications), with
 * retries: in order for each receiver, several events in one request when they come faster than it
 * takes them. A receiver that is away for long loses the oldest: the log says so.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '#core/errors.ts';
import type { WebhookConfig } from '#core/registry-config.ts';
import { repositoryPattern } from '../auth/rules.ts';
import { BLOB_TYPE, type EventOrigin, type RegistryEvent } from './events.ts';

const MEDIA_TYPE = 'application/vnd.docker.distribution.events.v1+json';
const WAITING_MAX = 10_000;
const PER_REQUEST_MAX = 100;
const FIRST_PAUSE_MS = 1000;
const PAUSE_MAX_MS = 5 * 60_000;
const TIMEOUT_MS = 10_000;

export interface WebhookOptions {
  readonly log?: (line: string) => void;
  /** Default: a pause in real time. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

interface Envelope {
  readonly id: string;
  readonly timestamp: string;
  readonly [key: string]: unknown;
}

/** Disposing gives what waits one more try, and then lets it go. */
export class Webhook implements AsyncDisposable {
  readonly #config: WebhookConfig;
  readonly #options: WebhookOptions;
  readonly #repositories: RegExp;
  readonly #stop = new AbortController();
  #waiting: Envelope[] = [];
  #sending: Promise<void> | undefined;

  constructor(config: WebhookConfig, options: WebhookOptions = {}) {
    this.#config = config;
    this.#options = options;
    this.#repositories = repositoryPattern(config.repositories);
  }

  take(event: RegistryEvent, origin: EventOrigin): void {
    const { events } = this.#config;
    if (!events.includes(event.action) || !this.#repositories.test(event.repository)) return;
    this.#waiting.push(envelope(event, origin));
    if (this.#waiting.length > WAITING_MAX) {
      this.#waiting.shift();
      this.#log('an event was lost: the receiver has been away for too long');
    }
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, PER_REQUEST_MAX);
      const failure = await this.#post(batch);
      if (failure === undefined) {
        const sent = new Set(batch);
        this.#waiting = this.#waiting.filter((event) => !sent.has(event));
        pauseMs = FIRST_PAUSE_MS;
        continue;
      }
      this.#log(`${failure}; ${this.#waiting.length} events wait`);
      if (this.#stop.signal.aborted) return;
      await this.#pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
    }
  }

  /** Why it was not taken; undefined: it was. */
  async #post(events: readonly Envelope[]): Promise<string | undefined> {
    const { url, headers } = this.#config;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': MEDIA_TYPE },
        body: JSON.stringify({ events }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `answered ${response.status}`;
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      return errnoOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
    }
  }

  async #pause(ms: number): Promise<void> {
    const { pause = sleepUnless } = this.#options;
    await pause(ms, this.#stop.signal);
  }

  #log(text: string): void {
    this.#options.log?.(`webhook ${new URL(this.#config.url).host}: ${text}`);
  }
}

async function sleepUnless(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function envelope(event: RegistryEvent, origin: EventOrigin): Envelope {
  const { action, repository, target, tag, fromRepository } = event;
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action,
    target: {
      ...target,
      ...(target === undefined ? {} : { length: target.size }),
      repository,
      ...(fromRepository === undefined ? {} : { fromRepository }),
      ...(target === undefined ? {} : { url: urlOf(event, origin) }),
      ...(tag === undefined ? {} : { tag }),
    },
    request: {
      id: origin.requestId,
      addr: origin.remoteAddress,
      host: origin.host,
      method: origin.method,
      useragent: origin.userAgent,
    },
    actor: origin.user === undefined ? {} : { name: origin.user },
    source: { addr: hostname(), instanceID: INSTANCE },
  };
}

const INSTANCE = randomUUID();

function urlOf({ repository, target }: RegistryEvent, { host }: EventOrigin): string {
  const kind = target?.mediaType === BLOB_TYPE ? 'blobs' : 'manifests';
  return `${host}/v2/${repository}/${kind}/${target?.digest}`;
}
