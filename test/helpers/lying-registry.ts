/** A registry on loopback that gives out whatever it was told to, checked by nobody, and notes what is asked. */
import { createServer, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Digest } from '#core/digest.ts';
import type { RawManifest } from '#core/repository.ts';
import { listening } from './loopback-server.ts';

export interface LyingRegistry extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** `GET /v2/…`, in order. */
  readonly seen: readonly string[];
  /** By digest, and by tag where one is given. */
  addManifest(manifest: RawManifest, tag?: string): void;
  addBlob(digest: Digest, bytes: Uint8Array): void;
  /** Under a path of the repository (`manifests/1`), bytes that end when the reader leaves; gives how many were sent. */
  addEndless(path: string, mediaType: string): () => number;
}

interface Thing {
  readonly mediaType: string;
  readonly bytes: Uint8Array | (() => Readable);
}

/** Of the repository test/app. */
export async function lyingRegistry(): Promise<LyingRegistry> {
  const things = new Map<string, Thing>();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    give(things.get((request.url ?? '').replace('/v2/test/app/', '')), response);
  });
  const { address, [Symbol.asyncDispose]: close } = await listening(server);
  return {
    address,
    seen,
    addManifest: ({ mediaType, digest, bytes }, tag) => {
      for (const name of tag === undefined ? [digest] : [digest, tag]) {
        things.set(`manifests/${name}`, { mediaType, bytes });
      }
    },
    addBlob: (digest, bytes) =>
      void things.set(`blobs/${digest}`, { mediaType: 'application/octet-stream', bytes }),
    addEndless: (path, mediaType) => {
      let sent = 0;
      function* spaces(): Generator<Buffer> {
        for (const chunk = Buffer.alloc(64 * 1024, ' '); ; sent += chunk.byteLength) yield chunk;
      }
      things.set(path, { mediaType, bytes: () => Readable.from(spaces()) });
      return () => sent;
    },
    [Symbol.asyncDispose]: close,
  };
}

function give(thing: Thing | undefined, response: ServerResponse): void {
  if (!thing) return void response.writeHead(404).end();
  response.setHeader('content-type', thing.mediaType);
  if (typeof thing.bytes !== 'function') return void response.end(thing.bytes);
  const stream = thing.bytes();
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}
