/**
 * Upload sessions: `POST /v2/<name>/blobs/uploads/` (end-4a, 4b, 4c, 11) begins, `PATCH` appends
 * (end-5), `PUT` closes (end-6), `GET` asks (end-13), `DELETE` gives up (end-14). What was received
 * before a connection broke stays, so a client can go on.
 */
import type { Digest, DigestAlgorithm } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { isRepositoryName } from '#core/reference.ts';
import type { Access } from '../auth/access.ts';
import type { Guard } from '../auth/guard.ts';
import { Refusal } from '../errors.ts';
import { blobTarget } from '../operations/events.ts';
import type { UploadSession } from '../provider.ts';
import type { Reply } from '../reply.ts';
import { digestFrom, may, methodRefused, needMethod, type RegistryCall } from './base.ts';
import { parseChunkRange } from './range.ts';

interface SessionRoute {
  readonly name: string;
  readonly id: string;
}

/** Begins a session, or makes one unnecessary: a mount, or the whole blob in one request. */
export async function uploadsEndpoint(call: RegistryCall, name: string): Promise<Reply> {
  needMethod(call, 'POST');
  const mount = call.query.get('mount');
  if (mount !== null && (await mounted(call, name, digestFrom(mount)))) {
    await notifyMount(call, name, digestFrom(mount));
    return blobCreated(name, digestFrom(mount));
  }
  const digest = call.query.get('digest');
  if (digest !== null) return receiveWhole(call, name, digestFrom(digest));
  await call.quota?.need(name, 0);
  const session = await call.provider.uploads.create({
    repository: name,
    algorithm: algorithmIn(call),
  });
  return { status: 202, headers: position(name, session.id, 0) };
}

async function mounted(call: RegistryCall, name: string, digest: Digest): Promise<boolean> {
  const from = call.query.get('from');
  if (call.guard) {
    if (from !== null && isRepositoryName(from)) needBoth(call, call.guard, { name, from });
    if (!(await isReadable(call, digest))) return false;
  }
  const { blobs } = call.provider.repository(name);
  const { signal } = call;
  const options = { signal, ...(from === null ? {} : { from }) };
  if (!call.quota) return blobs.mount(digest, options);
  const had = await blobs.stat(digest, { signal });
  if (!(await blobs.mount(digest, options))) return false;
  if (!had) await keepToQuota(call, name, digest);
  return true;
}

/** How large it is, is known when it is here. */
async function keepToQuota(call: RegistryCall, name: string, digest: Digest): Promise<void> {
  try {
    await call.quota?.need(name, 0);
  } catch (error) {
    await call.provider.repository(name).blobs.delete?.(digest, { signal: call.signal });
    throw error;
  }
}

/** Not every client asks for a token for both repositories before it is told to. */
function needBoth(
  { identity, request }: RegistryCall,
  guard: Guard,
  { name, from }: { readonly name: string; readonly from: string },
): void {
  const accesses: readonly Access[] = [
    { repository: name, action: 'push' },
    { repository: from, action: 'pull' },
  ];
  guard.needTokenFor(accesses, identity, request);
}

/** Who may read a blob nowhere would learn by a mount what is in it, with the digest alone. */
async function isReadable(call: RegistryCall, digest: Digest): Promise<boolean> {
  const repositories = await call.provider.repositoriesWith(digest);
  return repositories.some((repository) => may(call, { repository, action: 'pull' }));
}

async function notifyMount(call: RegistryCall, name: string, digest: Digest): Promise<void> {
  if (!call.notify) return;
  const info = await call.provider.repository(name).blobs.stat(digest, { signal: call.signal });
  const from = call.query.get('from');
  call.notify({
    action: 'mount',
    repository: name,
    ...(info ? { target: blobTarget(info) } : {}),
    ...(from === null ? {} : { fromRepository: from }),
  });
}

function algorithmIn(call: RegistryCall): DigestAlgorithm {
  const text = call.query.get('digest-algorithm') ?? 'sha256';
  if (text === 'sha256' || text === 'sha512') return text;
  throw new Refusal('UNSUPPORTED', `unsupported digest algorithm ${JSON.stringify(text)}`, {
    status: 400,
  });
}

async function receiveWhole(call: RegistryCall, name: string, digest: Digest): Promise<Reply> {
  const { blobs } = call.provider.repository(name);
  await using ingest = await blobs.ingest({ digest }, { signal: call.signal });
  for await (const chunk of await bodyWithinQuota(call, name, 0)) await ingest.write(chunk);
  const target = blobTarget(await ingest.commit({ digest }));
  call.notify?.({ action: 'push', repository: name, target });
  return blobCreated(name, digest);
}

/** The body, refused at once where its length is told and too much, else when too much has come. */
async function bodyWithinQuota(
  call: RegistryCall,
  name: string,
  offset: number,
): Promise<AsyncIterable<Uint8Array>> {
  const { quota, body, headers } = call;
  if (!quota) return body;
  await quota.need(name, offset + Number(headers['content-length'] ?? 0));
  return quota.bounded(name, body, offset);
}

/** One session's requests. The session itself refuses two writers at once. */
export async function uploadEndpoint(call: RegistryCall, route: SessionRoute): Promise<Reply> {
  switch (call.method) {
    case 'GET':
    case 'HEAD':
      return status(call, route);
    case 'PATCH':
      return append(call, route);
    case 'PUT':
      return close(call, route);
    case 'DELETE':
      return cancel(call, route);
    default:
      throw methodRefused(call.method, ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE']);
  }
}

async function status(call: RegistryCall, route: SessionRoute): Promise<Reply> {
  const session = await openSession(call, route);
  return { status: 204, headers: position(route.name, session.id, await session.offset()) };
}

async function append(call: RegistryCall, route: SessionRoute): Promise<Reply> {
  const session = await openSession(call, route);
  const offset = await receiveChunk(call, route, session);
  return { status: 202, headers: position(route.name, session.id, offset) };
}

async function close(call: RegistryCall, route: SessionRoute): Promise<Reply> {
  const digest = digestFrom(call.query.get('digest') ?? '');
  const session = await openSession(call, route);
  await receiveChunk(call, route, session);
  try {
    const target = blobTarget(await session.commit(digest));
    call.notify?.({ action: 'push', repository: route.name, target });
  } catch (error) {
    // Bytes that hash to something else will not get better: they only take up room.
    if (isSlipwayError(error, 'DIGEST_MISMATCH')) await session.cancel();
    throw error;
  }
  return blobCreated(route.name, digest);
}

async function cancel(call: RegistryCall, route: SessionRoute): Promise<Reply> {
  const session = await openSession(call, route);
  await session.cancel();
  return { status: 204 };
}

function openSession(call: RegistryCall, { name, id }: SessionRoute): Promise<UploadSession> {
  return call.provider.uploads.open({ repository: name, id });
}

/** docker streams without Content-Range; with one, the chunk must start where the session stands. */
async function receiveChunk(
  call: RegistryCall,
  route: SessionRoute,
  session: UploadSession,
): Promise<number> {
  const { signal } = call;
  const chunk = chunkOf(call);
  const body = await bodyWithinQuota(call, route.name, call.quota ? await session.offset() : 0);
  if (!chunk) return session.append(body, { signal });
  const { start: at, end } = chunk;
  try {
    const offset = await session.append(exactly(body, end - at + 1), { at, signal });
    return offset;
  } catch (error) {
    if (!isSlipwayError(error, 'UPLOAD_RANGE')) throw error;
    throw new Refusal('BLOB_UPLOAD_INVALID', error.message, {
      status: 416,
      headers: position(route.name, session.id, await session.offset()),
    });
  }
}

/** Undefined without a Content-Range. @throws Refusal 400 when it makes no sense */
function chunkOf(call: RegistryCall): { readonly start: number; readonly end: number } | undefined {
  const header = call.headers['content-range'];
  if (header === undefined) return undefined;
  const range = parseChunkRange(header);
  if (!range) throw new Refusal('BLOB_UPLOAD_INVALID', `unusable Content-Range: ${header}`);
  const contentLength = call.headers['content-length'];
  if (contentLength === undefined || Number(contentLength) === range.end - range.start + 1) {
    return range;
  }
  throw new Refusal('SIZE_INVALID', `Content-Range ${header} is not ${contentLength} bytes`);
}

/** Stops before a byte more than announced is stored. */
async function* exactly(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): AsyncGenerator<Uint8Array> {
  let left = sizeBytes;
  for await (const chunk of body) {
    left -= chunk.byteLength;
    if (left < 0) throw new Refusal('SIZE_INVALID', 'the chunk is longer than its Content-Range');
    yield chunk;
  }
  if (left > 0) throw new Refusal('SIZE_INVALID', 'the chunk is shorter than its Content-Range');
}

/** `Range: 0-0` stands for nothing received as well as for one byte: the specification has no other. */
function position(name: string, id: string, offset: number): Record<string, string> {
  return {
    location: `/v2/${name}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, offset - 1)}`,
    'docker-upload-uuid': id,
  };
}

function blobCreated(name: string, digest: Digest): Reply {
  return {
    status: 201,
    headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest },
  };
}
