/**
 * Registries that ask each other in a circle. Each request to an upstream says by `Via` (RFC 9110
 * §7.6.3) through which of our kind it came; who finds itself there refuses.
 */
import { randomBytes } from 'node:crypto';
import { Refusal } from '../errors.ts';

const KIND = 'slipway-';
const HOPS_MAX = 8;

/** One for each server: several may run in one process. */
export function newPseudonym(): string {
  return `${KIND}${randomBytes(8).toString('hex')}`;
}

/** Those of our kind among the hops of a request, as the header's value. */
export function hopsIn(via: string | undefined): string {
  const hops = (via ?? '').split(',').map((hop) => hop.trim());
  return hops.filter((hop) => hop.split(' ')[1]?.startsWith(KIND)).join(', ');
}

/** @throws Refusal 508 */
export function refuseLoop(hops: string, pseudonym: string): void {
  const passed = hops === '' ? [] : hops.split(', ');
  const isLoop = passed.some((hop) => hop.split(' ')[1] === pseudonym);
  if (!isLoop && passed.length < HOPS_MAX) return;
  const what = isLoop ? 'this registry is its own upstream' : 'too many registries ask each other';
  throw new Refusal('UNKNOWN', `${what}: look at their configuration of upstreams`, {
    status: 508,
  });
}

export function withHop(hops: string, pseudonym: string): string {
  return `${hops === '' ? '' : `${hops}, `}1.1 ${pseudonym}`;
}
