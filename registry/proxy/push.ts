/** Pushes to names of an upstream: refused, unless its configuration takes them. */
import { Refusal } from '../errors.ts';
import type { Proxied } from './parts.ts';

/** @throws Refusal DENIED */
export function refusePush({ name, origin }: Pick<Proxied, 'name' | 'origin'>): void {
  const { config } = origin.upstream;
  if (config.push) return;
  throw new Refusal(
    'DENIED',
    `${name} is what ${config.url} has: nothing is pushed to it here (push: true of the upstream ${config.name} allows it)`,
  );
}
