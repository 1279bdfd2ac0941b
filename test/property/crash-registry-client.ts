/**
 * A client of the crash loop (crash-registry.ts) with a repository of its own: it knows what it was told, and
 * what may be either way because its request was cut off.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

export interface CrashedOperation {
  readonly name: string;
  /** No answer came. */
  readonly isCut: boolean;
}

/** What is known: it is there, it is gone, or nobody was told. */
type State = 'there' | 'gone' | 'either';

interface PushedManifest {
  readonly bytes: Buffer;
  readonly blobs: readonly string[];
  state: State;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const TAGS = ['a', 'b', 'c', 'd'];
/** Layers that images of all clients share. */
const SHARED = Array.from({ length: 4 }, (_, i) => Buffer.alloc(3000, i + 1));

/** What the end of the server does to a request. */
class CutOff extends Error {}

export class CrashClient {
  readonly #repository: string;
  readonly #random: () => number;
  readonly #manifests = new Map<string, PushedManifest>();
  /** What each tag may point to; undefined: nothing. */
  readonly #tags = new Map<string, Set<string | undefined>>(
    TAGS.map((tag) => [tag, new Set([undefined])]),
  );
  /** Manifests that were touched since the last look. */
  readonly #touched = new Set<string>();
  /** Uploads that were begun, and how far the server said they are. */
  readonly #uploads = new Map<string, number>();
  #number = 0;
  #base = '';

  constructor(repository: string, random: () => number) {
    this.#repository = repository;
    this.#random = random;
  }

  /** Works until the server is gone. */
  async work(url: string, goesOn: () => boolean): Promise<readonly CrashedOperation[]> {
    this.#base = `${url}/v2/${this.#repository}`;
    const done: CrashedOperation[] = [];
    while (goesOn()) {
      const [name, operation] = this.#choose();
      try {
        await operation();
        done.push({ name, isCut: false });
      } catch (error) {
        if (!(error instanceof CutOff)) throw error;
        done.push({ name, isCut: true });
        return done;
      }
    }
    return done;
  }

  /** Compares the server with what is known, and learns what was not. */
  async verify(url: string, which: 'touched' | 'all' = 'touched'): Promise<void> {
    this.#base = `${url}/v2/${this.#repository}`;
    for (const [tag, allowed] of this.#tags) {
      const response = await fetch(`${this.#base}/manifests/${tag}`, { method: 'HEAD' });
      const found = response.headers.get('docker-content-digest') ?? undefined;
      assert.ok(
        allowed.has(found),
        `${this.#repository}:${tag} is ${found}, not one of ${[...allowed].join(', ')}`,
      );
      this.#tags.set(tag, new Set([found]));
    }
    const digests = which === 'all' ? this.#manifests.keys() : this.#touched;
    for (const digest of [...digests]) await this.#verifyManifest(digest);
    this.#touched.clear();
    for (const [location, offset] of this.#uploads) {
      const response = await fetch(new URL(location, url));
      assert.equal(response.status, 204, `upload ${location}`);
      const [, last = '0'] = /-(\d+)$/.exec(response.headers.get('range') ?? '') ?? [];
      assert.ok(Number(last) + 1 >= offset, `upload ${location} has lost bytes`);
    }
    this.#uploads.clear();
  }

  /** All that must be in the store for its manifests. */
  *needed(): Generator<string> {
    for (const [digest, { state, blobs }] of this.#manifests) {
      assert.notEqual(state, 'either');
      if (state === 'there') yield* [digest, ...blobs];
    }
  }

  async #verifyManifest(digest: string): Promise<void> {
    const known = this.#manifests.get(digest);
    assert.ok(known);
    const response = await fetch(`${this.#base}/manifests/${digest}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const isThere = response.status === 200;
    if (known.state !== 'either') {
      assert.equal(isThere, known.state === 'there', `${digest} should be ${known.state}`);
    }
    known.state = isThere ? 'there' : 'gone';
    if (!isThere) return;
    assert.deepEqual(bytes, known.bytes);
    for (const blob of known.blobs) {
      const content = await fetch(`${this.#base}/blobs/${blob}`);
      assert.equal(content.status, 200, `blob ${blob} of ${digest}`);
      assert.equal(digestOf(Buffer.from(await content.arrayBuffer())), blob);
    }
  }

  #choose(): readonly [string, () => Promise<void>] {
    const there = [...this.#manifests].filter(([, { state }]) => state === 'there');
    const [digest] = this.#pick(there) ?? [];
    const dice = this.#random();
    if (dice < 0.2 && digest !== undefined) return ['delete manifest', () => this.#delete(digest)];
    if (dice < 0.3) return ['delete tag', () => this.#untag(this.#tag())];
    if (dice < 0.4) return ['upload in parts', () => this.#beginUpload()];
    if (dice < 0.5 && digest !== undefined) {
      return ['tag again', () => this.#put(digest, this.#tag())];
    }
    return ['push image', () => this.#push(this.#tag())];
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)];
  }

  #tag(): string {
    return this.#pick(TAGS) ?? 'a';
  }

  async #push(tag: string): Promise<void> {
    this.#number += 1;
    const own = Buffer.from(
      `${this.#repository} ${this.#number} `.repeat(1 + this.#random() * 2000),
    );
    const shared = SHARED.filter(() => this.#random() < 0.5);
    const config = Buffer.from(JSON.stringify({ number: this.#number, of: this.#repository }));
    const blobs = [config, own, ...shared];
    for (const blob of blobs) await this.#upload(blob);
    const bytes = manifestOf(blobs);
    const digest = digestOf(bytes);
    this.#manifests.set(digest, { bytes, blobs: blobs.map(digestOf), state: 'gone' });
    await this.#put(digest, tag);
  }

  async #put(digest: string, tag: string): Promise<void> {
    const manifest = this.#manifests.get(digest);
    assert.ok(manifest);
    this.#touched.add(digest);
    if (manifest.state === 'gone') manifest.state = 'either';
    this.#tags.get(tag)?.add(digest);
    const headers = { 'content-type': MANIFEST };
    const url = `${this.#base}/manifests/${tag}`;
    await this.#answer(201, url, { method: 'PUT', headers, body: manifest.bytes });
    manifest.state = 'there';
    this.#tags.set(tag, new Set([digest]));
  }

  /** In one request, mounted, or a piece at a time. */
  async #upload(blob: Buffer): Promise<void> {
    const digest = digestOf(blob);
    const dice = this.#random();
    if (dice < 0.4) {
      return await this.#answer(201, `${this.#base}/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        body: blob,
      });
    }
    const mount = dice < 0.6 ? `?mount=${digest}` : '';
    const response = await this.#ask(`${this.#base}/blobs/uploads/${mount}`, { method: 'POST' });
    if (response.status === 201) return;
    const location = this.#locationOf(response);
    const half = Math.floor(blob.byteLength / 2);
    await this.#answer(202, location, { method: 'PATCH', body: blob.subarray(0, half) });
    const end = new URL(location);
    end.searchParams.set('digest', digest);
    await this.#answer(201, end.href, { method: 'PUT', body: blob.subarray(half) });
  }

  /** One that is not ended in this life. */
  async #beginUpload(): Promise<void> {
    const response = await this.#ask(`${this.#base}/blobs/uploads/`, { method: 'POST' });
    const location = this.#locationOf(response);
    const body = Buffer.alloc(1000 + this.#random() * 20_000, 7);
    await this.#answer(202, location, { method: 'PATCH', body });
    this.#uploads.set(new URL(location).pathname, body.byteLength);
  }

  async #untag(tag: string): Promise<void> {
    this.#tags.get(tag)?.add(undefined);
    const response = await this.#ask(`${this.#base}/manifests/${tag}`, { method: 'DELETE' });
    assert.ok([202, 404].includes(response.status), `DELETE ${tag}: ${response.status}`);
    this.#tags.set(tag, new Set([undefined]));
  }

  async #delete(digest: string): Promise<void> {
    const manifest = this.#manifests.get(digest);
    assert.ok(manifest);
    this.#touched.add(digest);
    manifest.state = 'either';
    const tags = [...this.#tags.values()].filter((allowed) => allowed.has(digest));
    for (const allowed of tags) allowed.add(undefined);
    await this.#answer(202, `${this.#base}/manifests/${digest}`, { method: 'DELETE' });
    manifest.state = 'gone';
    for (const allowed of tags) allowed.delete(digest);
  }

  async #answer(status: number, url: string, request: RequestInit): Promise<void> {
    const response = await this.#ask(url, request);
    assert.equal(response.status, status, `${request.method} ${url}: ${await response.text()}`);
  }

  #locationOf(response: Response): string {
    assert.equal(response.status, 202);
    return new URL(response.headers.get('location') ?? '', this.#base).href;
  }

  /** @throws CutOff when the server is gone */
  async #ask(url: string, request: RequestInit): Promise<Response> {
    try {
      const { body } = request;
      const response = await fetch(url, {
        ...request,
        ...(body instanceof Buffer ? { body: Uint8Array.from(body) } : {}),
      });
      const bytes = await response.arrayBuffer();
      const { status, headers } = response;
      return new Response(bytes.byteLength > 0 ? bytes : undefined, { status, headers });
    } catch (cause) {
      throw new CutOff('no answer', { cause });
    }
  }
}

function manifestOf([config, ...layers]: readonly Buffer[]): Buffer {
  const blob = (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: config && blob(config, 'application/vnd.oci.empty.v1+json'),
      layers: layers.map((layer) => blob(layer, 'application/octet-stream')),
    }),
  );
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
