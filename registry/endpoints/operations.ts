/** For those who run the server: is it alive, can it take what is pushed, what has it done. */
import { BYTES_PER_MIB } from '#core/byte-size.ts';
import type { Reply } from '../reply.ts';
import { needMethod, noSuchEndpoint, type RegistryCall } from './base.ts';

/** `GET /healthz`: the process answers. */
export function healthEndpoint(call: RegistryCall): Reply {
  needMethod(call, 'GET', 'HEAD');
  return plain(200, 'ok\n');
}

/** `GET /readyz`: 503 while a push would fail for want of room. */
export async function readyEndpoint(call: RegistryCall): Promise<Reply> {
  needMethod(call, 'GET', 'HEAD');
  const room = await call.headroom?.now();
  if (!room || room.isEnough) return plain(200, 'ok\n');
  return plain(503, `the disk is nearly full: ${mebibytes(room.freeBytes)} free\n`);
}

/** For who pushes: our client prints it, and docker's too (RFC 7234 §5.5, distribution-spec §Warnings). */
export async function roomWarning({
  headroom,
}: RegistryCall): Promise<{ readonly warning?: string }> {
  const room = await headroom?.now();
  if (!room || room.isEnough) return {};
  const free = mebibytes(room.freeBytes);
  return { warning: `299 - "the registry's disk is nearly full: ${free} free"` };
}

/** `GET /metrics` */
export async function metricsEndpoint(call: RegistryCall): Promise<Reply> {
  needMethod(call, 'GET', 'HEAD');
  if (!call.metrics) throw noSuchEndpoint();
  return {
    status: 200,
    headers: { 'content-type': call.metrics.contentType },
    body: await call.metrics.text(),
  };
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / BYTES_PER_MIB)} MiB`;
}

function plain(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}
