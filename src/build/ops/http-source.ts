/**
 * A file from a web server as a layer that holds it alone: 0600, its time the server's Last-Modified,
 * its name the URL's. Asked for again at every build, with its entity tag; never with a checksum.
 */
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { toByteString } from '#core/bytes.ts';
import { createHasher, type Digest, parseDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { type CacheKey, originKey } from '../cache-key.ts';
import { fileAuthorization } from '../remote-auth.ts';
import type { RemoteFile } from '../remote-sources.ts';
import type { BuildSession } from '../session.ts';
import { stageTree } from '../stage-tree.ts';
import type { StageLayer } from '../state.ts';
import { findFetched, keepFetched } from './fetched-layer.ts';

export interface HttpSource {
  readonly url: URL;
  /** Its sha256, as the user gave it. */
  readonly checksum?: string;
}

export interface HttpFile {
  readonly layer: StageLayer;
  /** In the root of the layer. */
  readonly name: string;
}

/** @throws DOWNLOAD_FAILED, DIGEST_MISMATCH, DIGEST_INVALID */
export async function httpSource(session: BuildSession, source: HttpSource): Promise<HttpFile> {
  const { url } = source;
  const name = fileName(url);
  const given = source.checksum === undefined ? undefined : digestOf(source.checksum);
  const { lock, materials } = session;
  const locked = given === undefined ? lock?.file(url) : undefined;
  const checksum = given ?? locked;
  const key = keyOf(url, checksum);
  const known = findFetched(session, key);
  const used = (digest: Digest): void => {
    if (given === undefined) lock?.usedFile(url, digest);
    materials?.file(url, digest);
  };
  if (known && checksum !== undefined) {
    used(checksum);
    return { layer: known.layer, name };
  }
  const shown = session.remotes.display(url);
  const layer = await session.vertices.run(`[internal] load ${shown}`, async (vertex) => {
    const tag = typeof known?.extra === 'string' ? known.extra : undefined;
    const authorization = fileAuthorization(session, url);
    const options = {
      signal: session.signal,
      ...(tag === undefined ? {} : { known: tag }),
      ...(authorization === undefined ? {} : { authorization }),
    };
    await using file = await session.remotes.download(url, options);
    if (known && file.isUnchanged) {
      vertex.status('not modified', { done: true });
      if (lock || materials) used(await digestIn(session, { layer: known.layer, name }));
      return known.layer;
    }
    const spool = session.store.paths.temporary('ingest');
    try {
      const { digest, size } = await spooled(file, spool);
      vertex.status(`downloaded ${size}B`, { done: true });
      if (checksum !== undefined && digest !== checksum) {
        throw mismatch(shown, { found: digest, expected: checksum, lock: locked && lock?.name });
      }
      used(digest);
      const { etag: extra } = file;
      // Under its content, too: who locks the URL now finds it later without asking.
      const keys = checksum === undefined ? [key, keyOf(url, digest)] : [key];
      const record = { keys, description: shown, ...(extra === undefined ? {} : { extra }) };
      return (await keepFetched(session, [entryOf(file, { name, size, spool })], record)).layer;
    } finally {
      await rm(spool, { force: true });
    }
  });
  return { layer, name };
}

function keyOf(url: URL, checksum: Digest | undefined): CacheKey {
  return originKey('http', JSON.stringify([url.href, checksum ?? null]));
}

/** Of a file that was downloaded earlier. */
async function digestIn(session: BuildSession, { layer, name }: HttpFile): Promise<Digest> {
  using tree = await stageTree(session, { layers: [layer] });
  const node = tree.child(tree.root, toByteString(name));
  if (!node) throw new SlipwayError('INTERNAL', 'the downloaded file is not in its layer');
  return parseDigest(`sha256:${await tree.contentSha256(node)}`);
}

/** The last part of the path; the query, redirects and headers do not count. */
export function fileName(url: URL): string {
  const path = decoded(url.pathname).replace(/\/+$/, '');
  return path.slice(path.lastIndexOf('/') + 1) || '__unnamed__';
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Only sha256, which is what the file is hashed by. @throws DIGEST_INVALID */
function digestOf(text: string): Digest {
  const digest = parseDigest(text);
  if (digest.startsWith('sha256:')) return digest;
  throw new SlipwayError('DIGEST_INVALID', `unsupported digest algorithm: ${text}`, {
    hint: 'give --checksum=sha256:…',
  });
}

async function spooled(
  file: RemoteFile,
  path: string,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hasher = createHasher();
  let size = 0;
  await using output = await open(path, 'wx', 0o600);
  for await (const chunk of file.body) {
    hasher.update(chunk);
    size += chunk.byteLength;
    await output.writeFile(chunk);
  }
  return { digest: hasher.digest(), size };
}

function entryOf(
  { lastModified }: RemoteFile,
  file: { readonly name: string; readonly size: number; readonly spool: string },
): EntrySource {
  return {
    entry: {
      kind: 'file',
      path: toByteString(file.name),
      size: file.size,
      mode: 0o600,
      uid: 0,
      gid: 0,
      mtime: lastModified === undefined ? EPOCH : { seconds: lastModified, nanoseconds: 0 },
      xattrs: NO_XATTRS,
    },
    content: () => createReadStream(file.spool),
  };
}

function mismatch(
  shown: string,
  {
    found,
    expected,
    lock,
  }: { readonly found: Digest; readonly expected: Digest; readonly lock: string | undefined },
): SlipwayError {
  return new SlipwayError(
    'DIGEST_MISMATCH',
    `digest mismatch for ${shown}: ${found} (expected: ${expected})`,
    {
      hint:
        lock === undefined
          ? 'the file is not the one the checksum was taken of: look at what changed before you change the checksum'
          : `the file is not the one that ${lock} was written for: look at what changed, then lock anew with "slipway build --lock --pull"`,
      detail: { expected, found },
    },
  );
}

/** A URL as the Dockerfile has it. @throws DOCKERFILE_INVALID */
export function parseHttpUrl(text: string): URL {
  const url = URL.parse(text);
  if (url) return url;
  throw new SlipwayError('DOCKERFILE_INVALID', `invalid URL ${text}`, {
    hint: 'check the address',
  });
}
