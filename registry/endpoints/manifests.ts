/**
 * Manifests: `GET`, `HEAD` (end-3), `PUT` (end-7), `DELETE` (end-9) of
 * `/v2/<name>/manifests/<reference>`. Bytes are kept and given back as they came.
 */
import { isDigest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import {
  decodeManifest,
  descriptorOf,
  MANIFEST_SIZE_BYTES_MAX,
  rawManifest,
} from '#core/manifest.ts';
import { isTag } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { Refusal } from '../errors.ts';
import type { ServedRepository } from '../provider.ts';
import type { Reply } from '../reply.ts';
import { digestFrom, isNotModified, methodRefused, type RegistryCall } from './base.ts';
import { roomWarning } from './operations.ts';

/** Of one push (end-7b); the specification wants ten at least. */
const TAGS_PER_PUSH_MAX = 100;

interface ManifestRoute {
  readonly name: string;
  readonly reference: string;
}

export async function manifestEndpoint(call: RegistryCall, route: ManifestRoute): Promise<Reply> {
  checkReference(route.reference);
  const repository = call.provider.repository(route.name);
  switch (call.method) {
    case 'GET':
    case 'HEAD':
      return readManifest(call, repository, route);
    case 'PUT':
      return putManifest(call, repository, route);
    case 'DELETE':
      return deleteManifest(call, repository, route);
    default:
      throw methodRefused(call.method, ['GET', 'HEAD', 'PUT', 'DELETE']);
  }
}

function checkReference(reference: string): void {
  if (reference.includes(':')) digestFrom(reference);
  else if (!isTag(reference)) throw tagInvalid(reference);
}

async function readManifest(
  call: RegistryCall,
  repository: ServedRepository,
  { name, reference }: ManifestRoute,
): Promise<Reply> {
  const { signal } = call;
  const target = await repository.resolve(reference, { signal });
  const { digest, mediaType, size } = target;
  const etag = `"${digest}"`;
  const headers = {
    etag,
    'docker-content-digest': digest,
    'content-type': mediaType,
    'content-length': String(size),
  };
  if (isNotModified(call, etag)) {
    return { status: 304, headers: { etag, 'docker-content-digest': digest } };
  }
  if (call.method === 'HEAD') return { status: 200, headers };
  const bytes = await call.manifests.bytes(digest, async () => {
    return (await repository.getManifest(digest, { signal })).bytes;
  });
  call.notify?.({ action: 'pull', repository: name, target, ...tagIn(reference) });
  return { status: 200, headers, body: bytes };
}

async function putManifest(
  call: RegistryCall,
  repository: ServedRepository,
  { name, reference }: ManifestRoute,
): Promise<Reply> {
  const tags = tagsOf(call, reference);
  const raw = await receive(call, reference);
  const { subject } = decodeManifest(raw);
  await call.quota?.need(name, 0);
  const { signal } = call;
  await store(repository, raw, { tags: tags.map((tag) => placed(call, name, tag)), signal });
  const pushed = { action: 'push', repository: name, target: descriptorOf(raw) } as const;
  if (tags.length === 0) call.notify?.(pushed);
  for (const tag of tags) call.notify?.({ ...pushed, tag });
  return {
    status: 201,
    headers: {
      location: `/v2/${name}/manifests/${raw.digest}`,
      'docker-content-digest': raw.digest,
      ...(tags.length > 0 ? { 'oci-tag': tags } : {}),
      ...(subject ? { 'oci-subject': subject.digest } : {}),
      ...(await roomWarning(call)),
    },
  };
}

/** All tags of the push: the one in the path, and `?tag=` as often as given. */
function tagsOf(call: RegistryCall, reference: string): readonly string[] {
  const extra = call.query.getAll('tag');
  if (extra.length > TAGS_PER_PUSH_MAX) {
    throw new Refusal('UNSUPPORTED', `at most ${TAGS_PER_PUSH_MAX} tags in one request`, {
      status: 414,
    });
  }
  for (const tag of extra) if (!isTag(tag)) throw tagInvalid(tag);
  return [...new Set(isDigest(reference) ? extra : [reference, ...extra])];
}

async function receive(call: RegistryCall, reference: string): Promise<RawManifest> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body) {
    size += chunk.byteLength;
    if (size > MANIFEST_SIZE_BYTES_MAX) {
      throw new Refusal('SIZE_INVALID', 'manifest larger than 4 MiB', { status: 413 });
    }
    chunks.push(chunk);
  }
  const contentType = call.headers['content-type']?.split(';')[0]?.trim();
  const raw = rawManifest(Buffer.concat(chunks, size), contentType);
  return isDigest(reference) ? { ...raw, digest: reference } : raw;
}

interface PlacedTag {
  readonly tag: string;
  readonly isImmutable: boolean;
}

function placed({ tagJudge }: RegistryCall, name: string, tag: string): PlacedTag {
  return { tag, isImmutable: tagJudge?.isImmutable(name, tag) ?? false };
}

/** Bytes first, then each tag: the repository points a tag only at what is complete. */
async function store(
  repository: ServedRepository,
  raw: RawManifest,
  { tags, signal }: { readonly tags: readonly PlacedTag[]; readonly signal: AbortSignal },
): Promise<void> {
  try {
    const [first, ...others] = tags;
    await repository.putManifest(raw, { signal, ...first });
    for (const tag of others) await repository.putManifest(raw, { signal, ...tag });
  } catch (error) {
    if (!isSlipwayError(error, 'BLOB_UNKNOWN', 'MANIFEST_UNKNOWN')) throw error;
    throw new Refusal('MANIFEST_BLOB_UNKNOWN', error.message);
  }
}

async function deleteManifest(
  call: RegistryCall,
  repository: ServedRepository,
  { name, reference }: ManifestRoute,
): Promise<Reply> {
  const { signal } = call;
  const target = await repository.resolve(reference, { signal });
  await needUnprotected(call, name, reference);
  const removed = isDigest(reference)
    ? await repository.deleteManifest(reference, { signal })
    : await repository.deleteTag(reference, { signal });
  if (!removed) throw new Refusal('MANIFEST_UNKNOWN', `manifest unknown: ${reference}`);
  const deleted = { action: 'delete', repository: name } as const;
  call.notify?.(isDigest(reference) ? { ...deleted, target } : { ...deleted, tag: reference });
  return { status: 202 };
}

/** A protected tag goes neither by itself nor with its manifest. @throws Refusal DENIED */
export async function needUnprotected(
  { tagJudge, provider }: RegistryCall,
  name: string,
  reference: string,
): Promise<void> {
  if (!tagJudge) return;
  const tags = isDigest(reference) ? await provider.care?.tagsOf(name, reference) : [reference];
  const found = tags?.find((tag) => tagJudge.isProtected(name, tag));
  if (found === undefined) return;
  throw new Refusal('DENIED', `tag ${found} of ${name} is protected: it cannot be deleted`, {
    status: 409,
  });
}

function tagIn(reference: string): { readonly tag?: string } {
  return isDigest(reference) ? {} : { tag: reference };
}

function tagInvalid(tag: string): Refusal {
  return new Refusal('MANIFEST_INVALID', `invalid tag: ${JSON.stringify(tag.slice(0, 200))}`);
}
