/** What of a call's context goes on to registries and to repositories. */
import { ignoreEvents } from '#core/events.ts';
import type { CallOptions } from '#core/repository.ts';
import type { CallContext } from '#engine.ts';
import type { RemoteAccess } from './remote-repository.ts';

export function accessOf({ events = ignoreEvents, signal }: CallContext): RemoteAccess {
  return { events, ...(signal ? { signal } : {}) };
}

export function callOf({ signal }: CallContext): CallOptions {
  return signal ? { signal } : {};
}
