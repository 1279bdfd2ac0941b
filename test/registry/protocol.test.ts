/** The server as plain HTTP sees it: statuses, headers and bodies of the distribution protocol. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Digest, digestOf } from '#core/digest.ts';
import { descriptorOf } from '#core/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#core/media-type.ts';
import type { RawManifest } from '#core/repository.ts';
import { putImage, type SampleImage, sampleImage } from '#test/helpers/images.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';

const BLOB = Buffer.from('0123456789');
const BLOB_DIGEST = digestOf(BLOB);

async function upload(registry: RegistryUnderTest, bytes: Uint8Array, name = 'app'): Promise<void> {
  const url = registry.url(`/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`);
  const response = await fetch(url, { method: 'POST', body: bytes });
  assert.equal(response.status, 201);
}

async function startUpload(registry: RegistryUnderTest, query = ''): Promise<string> {
  const url = registry.url(`/v2/app/blobs/uploads/${query}`);
  const response = await fetch(url, { method: 'POST' });
  assert.equal(response.status, 202);
  return registry.url(response.headers.get('location') ?? '');
}

function patch(url: string, body: Uint8Array, range?: string): Promise<Response> {
  const headers = range === undefined ? {} : { 'content-range': range };
  return fetch(url, { method: 'PATCH', body, headers });
}

async function errorCode(response: Response): Promise<string> {
  const body = (await response.json()) as { errors: { code: string; message: string }[] };
  assert.equal(body.errors.length, 1);
  assert.ok(body.errors[0]?.message);
  return body.errors[0].code;
}

function putManifest(
  registry: RegistryUnderTest,
  reference: string,
  raw: RawManifest,
): Promise<Response> {
  return fetch(registry.url(`/v2/app/manifests/${reference}`), {
    method: 'PUT',
    body: raw.bytes,
    headers: { 'content-type': raw.mediaType },
  });
}

async function pushed(registry: RegistryUnderTest, tag?: string): Promise<SampleImage> {
  const image = await sampleImage();
  await using remote = remoteAt(registry.address, { repository: 'app' });
  await putImage(remote, image, tag);
  return image;
}

function referring(image: SampleImage, subject: Digest, artifactType?: string): RawManifest {
  const document = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as object;
  const descriptor = { mediaType: OCI_MANIFEST, digest: subject, size: 3 };
  const annotations = { 'org.example.note': 'signed' };
  const bytes = Buffer.from(
    JSON.stringify({ ...document, artifactType, annotations, subject: descriptor }),
  );
  return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
}

describe('the base', () => {
  it('GET /v2/ says that this is a registry', async () => {
    await using registry = await temporaryRegistry();
    const response = await fetch(registry.url('/v2/'));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('docker-distribution-api-version'), 'registry/2.0');
    assert.deepEqual(await response.json(), {});
  });

  it('health, unknown paths, wrong methods, bad names', async () => {
    await using registry = await temporaryRegistry();
    const cases: [method: string, path: string, status: number][] = [
      ['GET', '/healthz', 200],
      ['GET', '/nothing', 404],
      ['GET', '/v2/app/nothing', 404],
      ['POST', '/v2/', 405],
      ['PATCH', `/v2/app/blobs/${BLOB_DIGEST}`, 405],
      ['GET', '/v2/app/blobs/uploads/', 405],
      ['GET', '/v2/UPPER/tags/list', 400],
      ['GET', '/v2/app/blobs/sha256:short', 400],
      ['GET', '/v2/app/manifests/-bad', 400],
      ['GET', '/v2/app/tags/list?n=x', 400],
    ];
    for (const [method, path, status] of cases) {
      const response = await fetch(registry.url(path), { method });
      await response.arrayBuffer();
      assert.equal(response.status, status, `${method} ${path}`);
    }
  });
});

describe('reading blobs', () => {
  it('GET and HEAD carry size, digest and etag', async () => {
    await using registry = await temporaryRegistry();
    await upload(registry, BLOB);
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(registry.url(`/v2/app/blobs/${BLOB_DIGEST}`), { method });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-length'), '10');
      assert.equal(response.headers.get('docker-content-digest'), BLOB_DIGEST);
      assert.equal(response.headers.get('etag'), `"${BLOB_DIGEST}"`);
      assert.equal(response.headers.get('accept-ranges'), 'bytes');
      assert.equal(await response.text(), method === 'GET' ? '0123456789' : '');
    }
  });

  it('If-None-Match: 304 and no body', async () => {
    await using registry = await temporaryRegistry();
    await upload(registry, BLOB);
    const response = await fetch(registry.url(`/v2/app/blobs/${BLOB_DIGEST}`), {
      headers: { 'if-none-match': `"other", W/"${BLOB_DIGEST}"` },
    });
    assert.equal(response.status, 304);
    assert.equal(await response.text(), '');
  });

  it('ranges', async () => {
    await using registry = await temporaryRegistry();
    await upload(registry, BLOB);
    const cases: [range: string, status: number, body: string, contentRange: string | null][] = [
      ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
      ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
      ['bytes=-2', 206, '89', 'bytes 8-9/10'],
      ['bytes=8-100', 206, '89', 'bytes 8-9/10'],
      ['bytes=0-1,3-4', 200, '0123456789', null],
      ['lines=1-2', 200, '0123456789', null],
    ];
    for (const [range, status, body, contentRange] of cases) {
      const url = registry.url(`/v2/app/blobs/${BLOB_DIGEST}`);
      const response = await fetch(url, { headers: { range } });
      assert.equal(response.status, status, range);
      assert.equal(response.headers.get('content-range'), contentRange);
      assert.equal(await response.text(), body);
    }
  });

  it('a range past the end: 416 with the size', async () => {
    await using registry = await temporaryRegistry();
    await upload(registry, BLOB);
    const response = await fetch(registry.url(`/v2/app/blobs/${BLOB_DIGEST}`), {
      headers: { range: 'bytes=10-' },
    });
    assert.equal(response.status, 416);
    assert.equal(response.headers.get('content-range'), 'bytes */10');
    await response.arrayBuffer();
  });

  it('a blob of another repository is not shown', async () => {
    await using registry = await temporaryRegistry();
    await upload(registry, BLOB, 'one');
    const response = await fetch(registry.url(`/v2/two/blobs/${BLOB_DIGEST}`));
    assert.equal(response.status, 404);
    assert.equal(await errorCode(response), 'BLOB_UNKNOWN');
  });

  it('DELETE: 202, then 404', async () => {
    await using registry = await temporaryRegistry();
    await upload(registry, BLOB);
    const url = registry.url(`/v2/app/blobs/${BLOB_DIGEST}`);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 202);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 404);
    assert.equal((await fetch(url)).status, 404);
  });
});

describe('upload sessions', () => {
  it('POST, PATCH without and with Content-Range, GET, PUT with the last part', async () => {
    await using registry = await temporaryRegistry();
    const url = await startUpload(registry);
    const first = await patch(url, BLOB.subarray(0, 3));
    assert.equal(first.status, 202);
    assert.equal(first.headers.get('range'), '0-2');
    const second = await patch(url, BLOB.subarray(3, 6), '3-5');
    assert.equal(second.status, 202);
    const state = await fetch(url);
    assert.equal(state.status, 204);
    assert.equal(state.headers.get('range'), '0-5');
    assert.ok(state.headers.get('location'));
    const closed = await fetch(`${url}?digest=${BLOB_DIGEST}`, {
      method: 'PUT',
      body: BLOB.subarray(6),
      headers: { 'content-range': '6-9' },
    });
    assert.equal(closed.status, 201);
    assert.equal(closed.headers.get('location'), `/v2/app/blobs/${BLOB_DIGEST}`);
    assert.equal(closed.headers.get('docker-content-digest'), BLOB_DIGEST);
    assert.equal((await fetch(url)).status, 404);
  });

  it('a chunk out of order: 416 with where the session stands', async () => {
    await using registry = await temporaryRegistry();
    const url = await startUpload(registry);
    await patch(url, BLOB.subarray(0, 4));
    for (const range of ['0-3', '6-9']) {
      const response = await patch(url, BLOB.subarray(6), range);
      assert.equal(response.status, 416);
      assert.equal(response.headers.get('range'), '0-3');
      assert.equal(await errorCode(response), 'BLOB_UPLOAD_INVALID');
    }
  });

  it('a chunk of another length than its Content-Range: 400', async () => {
    await using registry = await temporaryRegistry();
    const url = await startUpload(registry);
    const response = await patch(url, BLOB, '0-3');
    assert.equal(response.status, 400);
    assert.equal(await errorCode(response), 'SIZE_INVALID');
  });

  it('a wrong digest: 400, and neither blob nor session stay', async () => {
    await using registry = await temporaryRegistry();
    const url = await startUpload(registry);
    const wrong = digestOf('other');
    const response = await fetch(`${url}?digest=${wrong}`, { method: 'PUT', body: BLOB });
    assert.equal(response.status, 400);
    assert.equal(await errorCode(response), 'DIGEST_INVALID');
    for (const digest of [wrong, BLOB_DIGEST]) {
      assert.equal((await fetch(registry.url(`/v2/app/blobs/${digest}`))).status, 404);
    }
    assert.equal((await fetch(url)).status, 404);
  });

  it('PUT without a digest: 400, and the session goes on', async () => {
    await using registry = await temporaryRegistry();
    const url = await startUpload(registry);
    assert.equal((await fetch(url, { method: 'PUT', body: BLOB })).status, 400);
    assert.equal((await fetch(url)).status, 204);
  });

  it('DELETE cancels', async () => {
    await using registry = await temporaryRegistry();
    const url = await startUpload(registry);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 204);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 404);
  });

  it('a session belongs to its repository', async () => {
    await using registry = await temporaryRegistry();
    const url = await startUpload(registry);
    const response = await fetch(url.replace('/v2/app/', '/v2/other/'));
    assert.equal(response.status, 404);
  });

  it('sha512, announced or not', async () => {
    await using registry = await temporaryRegistry();
    for (const query of ['?digest-algorithm=sha512', '']) {
      const bytes = randomBytes(50);
      const digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
      const url = await startUpload(registry, query);
      const closed = await fetch(`${url}?digest=${digest}`, { method: 'PUT', body: bytes });
      assert.equal(closed.status, 201);
      const found = await fetch(registry.url(`/v2/app/blobs/${digest}`));
      assert.deepEqual(Buffer.from(await found.arrayBuffer()), bytes);
    }
    const refused = await fetch(registry.url('/v2/app/blobs/uploads/?digest-algorithm=md5'), {
      method: 'POST',
    });
    assert.equal(refused.status, 400);
  });

  it('mount: 201 with and without from, 202 with a session when nobody has it', async () => {
    await using registry = await temporaryRegistry();
    await upload(registry, BLOB, 'one');
    for (const [name, from] of [
      ['two', '&from=one'],
      ['three', ''],
    ]) {
      const url = registry.url(`/v2/${name}/blobs/uploads/?mount=${BLOB_DIGEST}${from}`);
      const response = await fetch(url, { method: 'POST' });
      assert.equal(response.status, 201);
      assert.equal(response.headers.get('location'), `/v2/${name}/blobs/${BLOB_DIGEST}`);
      assert.equal((await fetch(registry.url(`/v2/${name}/blobs/${BLOB_DIGEST}`))).status, 200);
    }
    await startUpload(registry, `?mount=${digestOf('nobody')}&from=one`);
  });
});

describe('manifests', () => {
  it('GET and HEAD by tag and digest give the exact bytes and headers', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry, 'v1');
    for (const reference of ['v1', manifest.digest]) {
      for (const method of ['GET', 'HEAD']) {
        const url = registry.url(`/v2/app/manifests/${reference}`);
        const response = await fetch(url, { method });
        assert.equal(response.status, 200);
        assert.equal(response.headers.get('content-type'), OCI_MANIFEST);
        assert.equal(response.headers.get('docker-content-digest'), manifest.digest);
        assert.equal(response.headers.get('content-length'), String(manifest.bytes.byteLength));
        const body = Buffer.from(await response.arrayBuffer());
        assert.deepEqual(body, method === 'GET' ? Buffer.from(manifest.bytes) : Buffer.alloc(0));
      }
    }
  });

  it('If-None-Match: 304', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry, 'v1');
    const response = await fetch(registry.url('/v2/app/manifests/v1'), {
      headers: { 'if-none-match': `"${manifest.digest}"` },
    });
    assert.equal(response.status, 304);
  });

  it('a missing blob: 404 MANIFEST_BLOB_UNKNOWN naming it', async () => {
    await using registry = await temporaryRegistry();
    const response = await putManifest(registry, 'v1', (await sampleImage()).manifest);
    assert.equal(response.status, 404);
    assert.equal(await errorCode(response), 'MANIFEST_BLOB_UNKNOWN');
  });

  it('with allowSparse, parts may be missing, and become visible only when they are pushed', async () => {
    await using registry = await temporaryRegistry({ allowSparse: true });
    const image = await sampleImage();
    await using other = remoteAt(registry.address, { repository: 'other' });
    await putImage(other, image, 'v1');
    assert.equal((await putManifest(registry, 'v1', image.manifest)).status, 201);
    const layer = `/v2/app/blobs/${image.layers[0]?.digest}`;
    assert.equal((await fetch(registry.url(layer))).status, 404);
    await upload(registry, image.layers[0]?.bytes ?? Buffer.of());
    assert.equal((await fetch(registry.url(layer))).status, 200);
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [{ mediaType: OCI_MANIFEST, digest: digestOf(BLOB), size: 10 }],
      }),
    );
    const raw = { mediaType: OCI_INDEX, digest: digestOf(index), bytes: index };
    assert.equal((await putManifest(registry, 'sparse', raw)).status, 201);
  });

  it('bytes that are not what the digest in the path says: 400', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry);
    const response = await putManifest(registry, digestOf('other'), manifest);
    assert.equal(response.status, 400);
    assert.equal(await errorCode(response), 'DIGEST_INVALID');
  });

  it('over 4 MiB: 413', async () => {
    await using registry = await temporaryRegistry();
    const bytes = Buffer.alloc(4 * 1024 * 1024 + 1, ' ');
    const raw = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
    const response = await putManifest(registry, 'v1', raw);
    assert.equal(response.status, 413);
    await response.arrayBuffer();
  });

  it('exactly 4 MiB is taken', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry);
    const padding = 4 * 1024 * 1024 - manifest.bytes.byteLength;
    const bytes = Buffer.concat([manifest.bytes, Buffer.alloc(padding, ' ')]);
    const raw = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
    assert.equal((await putManifest(registry, 'big', raw)).status, 201);
  });

  it('schema 1 is refused with the way out', async () => {
    await using registry = await temporaryRegistry();
    const bytes = Buffer.from('{"schemaVersion":1,"name":"x"}');
    const mediaType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    const response = await putManifest(registry, 'v1', {
      mediaType,
      digest: digestOf(bytes),
      bytes,
    });
    assert.equal(response.status, 400);
    assert.equal(await errorCode(response), 'MANIFEST_INVALID');
  });

  it('one push, several tags, each named in OCI-Tag', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry);
    const tags = Array.from({ length: 12 }, (_, i) => `t${i}`);
    const query = tags.map((tag) => `tag=${tag}`).join('&');
    const response = await putManifest(registry, `${manifest.digest}?${query}`, manifest);
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('oci-tag'), tags.join(', '));
    for (const tag of tags) {
      const found = await fetch(registry.url(`/v2/app/manifests/${tag}`), { method: 'HEAD' });
      assert.equal(found.headers.get('docker-content-digest'), manifest.digest);
    }
  });

  it('too many tags: 414; a bad one: 400 and nothing stored', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry);
    const many = Array.from({ length: 101 }, (_, i) => `tag=t${i}`).join('&');
    assert.equal((await putManifest(registry, `${manifest.digest}?${many}`, manifest)).status, 414);
    const bad = await putManifest(registry, `${manifest.digest}?tag=ok&tag=-bad`, manifest);
    assert.equal(bad.status, 400);
    assert.equal((await fetch(registry.url('/v2/app/manifests/ok'))).status, 404);
  });

  it('DELETE of a tag keeps the manifest; of a digest takes its tags along', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry, 'v1');
    await putManifest(registry, 'v2', manifest);
    const remove = async (reference: string): Promise<number> => {
      const url = registry.url(`/v2/app/manifests/${reference}`);
      return (await fetch(url, { method: 'DELETE' })).status;
    };
    assert.equal(await remove('v1'), 202);
    assert.equal(await remove('v1'), 404);
    assert.equal((await fetch(registry.url('/v2/app/manifests/v2'))).status, 200);
    assert.equal(await remove(manifest.digest), 202);
    assert.equal((await fetch(registry.url('/v2/app/manifests/v2'))).status, 404);
  });
});

describe('referrers', () => {
  it('an unknown digest has an empty index; a malformed one is refused', async () => {
    await using registry = await temporaryRegistry();
    const response = await fetch(registry.url(`/v2/app/referrers/${BLOB_DIGEST}`));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), OCI_INDEX);
    assert.deepEqual(await response.json(), {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [],
    });
    assert.equal((await fetch(registry.url('/v2/app/referrers/sha256:xyz'))).status, 400);
  });

  it('a push with a subject answers OCI-Subject and is listed, filtered by artifactType', async () => {
    await using registry = await temporaryRegistry();
    const image = await pushed(registry, 'v1');
    const subject = image.manifest.digest;
    const signature = referring(image, subject, 'application/x-signature');
    const sbom = referring(image, subject, 'application/x-sbom');
    for (const raw of [signature, sbom]) {
      const response = await putManifest(registry, raw.digest, raw);
      assert.equal(response.headers.get('oci-subject'), subject);
    }
    const all = await fetch(registry.url(`/v2/app/referrers/${subject}`));
    const index = (await all.json()) as { manifests: { digest: string }[] };
    assert.deepEqual(
      index.manifests.map(({ digest }) => digest),
      [signature.digest, sbom.digest].sort(),
    );
    const filtered = await fetch(
      registry.url(`/v2/app/referrers/${subject}?artifactType=application/x-sbom`),
    );
    assert.equal(filtered.headers.get('oci-filters-applied'), 'artifactType');
    const found = (await filtered.json()) as { manifests: unknown[] };
    assert.deepEqual(found.manifests, [
      {
        ...descriptorOf(sbom),
        artifactType: 'application/x-sbom',
        annotations: { 'org.example.note': 'signed' },
      },
    ]);
    await fetch(registry.url(`/v2/app/manifests/${sbom.digest}`), { method: 'DELETE' });
    const after = await fetch(registry.url(`/v2/app/referrers/${subject}`));
    assert.equal(((await after.json()) as { manifests: unknown[] }).manifests.length, 1);
  });

  it('what stands under the fall-back tag is merged in, once', async () => {
    await using registry = await temporaryRegistry();
    const image = await pushed(registry, 'v1');
    const subject = image.manifest.digest;
    const known = referring(image, subject, 'application/x-signature');
    await putManifest(registry, known.digest, known);
    const old = await pushed(registry);
    const list = [descriptorOf(known), { ...descriptorOf(old.manifest), artifactType: 'x/old' }];
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: list }),
    );
    const index = { mediaType: OCI_INDEX, digest: digestOf(bytes), bytes };
    assert.equal((await putManifest(registry, subject.replace(':', '-'), index)).status, 201);
    const response = await fetch(registry.url(`/v2/app/referrers/${subject}`));
    const found = (await response.json()) as { manifests: { digest: string }[] };
    assert.deepEqual(
      found.manifests.map(({ digest }) => digest),
      [known.digest, old.manifest.digest].sort(),
    );
  });
});

describe('lists', () => {
  it('tags in pages by n, last and Link', async () => {
    await using registry = await temporaryRegistry();
    const { manifest } = await pushed(registry, 'a');
    for (const tag of ['c', 'B', 'b']) await putManifest(registry, tag, manifest);
    const pages: string[][] = [];
    let path: string | undefined = '/v2/app/tags/list?n=3';
    while (path !== undefined) {
      const response: Response = await fetch(registry.url(path));
      pages.push(((await response.json()) as { tags: string[] }).tags);
      path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    }
    assert.deepEqual(pages, [['B', 'a', 'b'], ['c']]);
    const none = await fetch(registry.url('/v2/app/tags/list?n=0'));
    assert.deepEqual(await none.json(), { name: 'app', tags: [] });
    assert.equal(none.headers.get('link'), null);
  });

  it('tags of an unknown repository: 404 NAME_UNKNOWN', async () => {
    await using registry = await temporaryRegistry();
    const response = await fetch(registry.url('/v2/none/tags/list'));
    assert.equal(response.status, 404);
    assert.equal(await errorCode(response), 'NAME_UNKNOWN');
  });

  it('catalogue and search', async () => {
    await using registry = await temporaryRegistry();
    for (const repository of ['team/web', 'team/api', 'other']) {
      await using remote = remoteAt(registry.address, { repository });
      await putImage(remote, await sampleImage({ layers: 1 }), 'v1');
    }
    const first = await fetch(registry.url('/v2/_catalog?n=2'));
    assert.deepEqual(await first.json(), { repositories: ['other', 'team/api'] });
    assert.match(first.headers.get('link') ?? '', /^<\/v2\/_catalog\?last=team%2Fapi&n=2>/);
    const rest = await fetch(registry.url('/v2/_catalog?n=2&last=team/api'));
    assert.deepEqual(await rest.json(), { repositories: ['team/web'] });
    assert.equal(rest.headers.get('link'), null);
    const search = await fetch(registry.url('/v1/search?q=team&n=1'));
    const found = (await search.json()) as { num_results: number; results: { name: string }[] };
    assert.equal(found.num_results, 2);
    assert.deepEqual(
      found.results.map(({ name }) => name),
      ['team/api'],
    );
  });
});
