/** Blobs: `GET`, `HEAD` (end-2), `DELETE` (end-10) of `/v2/<name>/blobs/<digest>`. */
import { Refusal } from '../errors.ts';
import { BLOB_TYPE, blobTarget } from '../operations/events.ts';
import type { Reply } from '../reply.ts';
import { digestFrom, isNotModified, methodRefused, type RegistryCall } from './base.ts';
import { parseRange } from './range.ts';

export async function blobEndpoint(
  call: RegistryCall,
  route: { readonly name: string; readonly digest: string },
): Promise<Reply> {
  switch (call.method) {
    case 'GET':
    case 'HEAD':
      return readBlob(call, route);
    case 'DELETE':
      return deleteBlob(call, route);
    default:
      throw methodRefused(call.method, ['GET', 'HEAD', 'DELETE']);
  }
}

async function readBlob(
  call: RegistryCall,
  route: { readonly name: string; readonly digest: string },
): Promise<Reply> {
  const { signal } = call;
  const digest = digestFrom(route.digest);
  const { blobs } = call.provider.repository(route.name);
  const info = await blobs.stat(digest, { signal });
  if (!info) throw blobUnknown(digest);
  const etag = `"${digest}"`;
  const headers = {
    etag,
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    'content-type': BLOB_TYPE,
  };
  if (isNotModified(call, etag)) return { status: 304, headers };
  if (call.method === 'GET') {
    call.notify?.({ action: 'pull', repository: route.name, target: blobTarget(info) });
  }
  const range = parseRange(wantedRange(call, etag), info.size);
  if (range.kind === 'unsatisfiable') throw unsatisfiable(info.size);
  const [offset, end] = range.kind === 'part' ? [range.start, range.end] : [0, info.size];
  const length = end - offset;
  return {
    status: range.kind === 'part' ? 206 : 200,
    headers: {
      ...headers,
      'content-length': String(length),
      ...(range.kind === 'part'
        ? { 'content-range': `bytes ${offset}-${end - 1}/${info.size}` }
        : {}),
    },
    // Read as a range: the client verifies what it gets, hashing here too would halve the speed.
    body: blobs.read(digest, { range: { offset, length }, signal }),
  };
}

/** A range that was meant for other content is ignored (RFC 9110 §13.1.5); HEAD has none. */
function wantedRange(call: RegistryCall, etag: string): string | undefined {
  if (call.method !== 'GET') return undefined;
  const condition = call.headers['if-range'];
  return condition === undefined || condition === etag ? call.headers.range : undefined;
}

async function deleteBlob(
  call: RegistryCall,
  route: { readonly name: string; readonly digest: string },
): Promise<Reply> {
  const digest = digestFrom(route.digest);
  const { blobs } = call.provider.repository(route.name);
  if (!blobs.delete) throw new Refusal('UNSUPPORTED', 'this registry does not delete blobs');
  const { signal } = call;
  const info = await blobs.stat(digest, { signal });
  if (!info || !(await blobs.delete(digest, { signal }))) throw blobUnknown(digest);
  call.notify?.({ action: 'delete', repository: route.name, target: blobTarget(info) });
  return { status: 202 };
}

function blobUnknown(digest: string): Refusal {
  return new Refusal('BLOB_UNKNOWN', `blob unknown to registry: ${digest}`, { detail: { digest } });
}

function unsatisfiable(size: number): Refusal {
  return new Refusal('SIZE_INVALID', `the blob has ${size} bytes`, {
    status: 416,
    headers: { 'content-range': `bytes */${size}` },
  });
}
