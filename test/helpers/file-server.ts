/** A web server of files on loopback, which knows entity tags and times, and remembers what it was asked. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedFile {
  readonly body: string | Buffer;
  readonly lastModified?: number;
  /** Default true. */
  readonly hasTag?: boolean;
}

export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:N`. */
  readonly url: string;
  readonly files: Record<string, ServedFile>;
  /** `GET /path status`, in order. */
  readonly asked: string[];
  readonly headers: IncomingHttpHeaders[];
}

export async function fileServer(files: Record<string, ServedFile>): Promise<FileServer> {
  const asked: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const file = files[decodeURIComponent(path)];
    const tag = `"${createHash('sha256')
      .update(file?.body ?? '')
      .digest('hex')
      .slice(0, 16)}"`;
    const isKnown = file !== undefined && request.headers['if-none-match'] === tag;
    const status = file === undefined ? 404 : isKnown ? 304 : 200;
    asked.push(`${request.method} ${path} ${status}`);
    headers.push(request.headers);
    response.statusCode = status;
    if (file && file.hasTag !== false) response.setHeader('etag', tag);
    if (file?.lastModified !== undefined) {
      response.setHeader('last-modified', new Date(file.lastModified * 1000).toUTCString());
    }
    response.end(status === 200 ? file?.body : undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    files,
    asked,
    headers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
