/**
 * What must never be seen: every password, token and key that a connection has used is replaced in
 * whatever it says, errors, notes and traces alike. Registries do echo what they were sent.
 */
import { SlipwayError } from '#core/errors.ts';
import type { Event, EventSink } from '#core/events.ts';
import { basicAuthorization, type Credential } from './credentials.ts';
import type { Interceptor } from './exchange.ts';

/** Shorter ones would blot out half of every text. */
const LENGTH_MIN = 4;
/** Tokens are renewed; the oldest are forgotten. */
const SECRETS_MAX = 256;
const HIDDEN = '[redacted]';

export class Secrets {
  readonly #known = new Set<string>();

  add(...texts: readonly string[]): void {
    for (const text of texts.flatMap((each) => [each, encodeURIComponent(each)])) {
      if (text.length >= LENGTH_MIN) this.#known.add(text);
    }
    for (const oldest of this.#known) {
      if (this.#known.size <= SECRETS_MAX) break;
      this.#known.delete(oldest);
    }
  }

  addCredential(credential: Credential): void {
    if (credential.kind === 'password') {
      const { username, password } = credential;
      this.add(password, basicAuthorization(username, password).slice('Basic '.length));
    } else {
      this.add(credential.token);
    }
  }

  /** The longest first: one secret may be a part of another. */
  clean(text: string): string {
    return [...this.#known]
      .sort((left, right) => right.length - left.length)
      .reduce((cleaned, secret) => cleaned.replaceAll(secret, HIDDEN), text);
  }

  /** The same error without what must not be seen; others than ours are passed on. */
  cleanError(error: unknown): unknown {
    if (!(error instanceof SlipwayError)) return error;
    const { code, message, hint, cause, detail } = error;
    const told = JSON.stringify([message, hint, detail]);
    if (this.clean(told) === told) return error;
    return new SlipwayError(code, this.clean(message), {
      ...(hint === undefined ? {} : { hint: this.clean(hint) }),
      cause,
      detail: JSON.parse(this.clean(JSON.stringify(detail))),
    });
  }
}

export function cleanedEvents(secrets: Secrets, events: EventSink): EventSink {
  return (event: Event) =>
    events(event.kind === 'note' ? { ...event, text: secrets.clean(event.text) } : event);
}

/** Outermost: whatever fails below is told without secrets. */
export function cleaningErrors(secrets: Secrets): Interceptor {
  return (next) => async (call) => {
    try {
      return await next(call);
    } catch (error) {
      throw secrets.cleanError(error);
    }
  };
}
