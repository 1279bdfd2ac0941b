/** The pages as HTTP has them: what they show, to whom, and that nothing in an image can break them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { OCI_MANIFEST } from '#core/media-type.ts';
import {
  ANA,
  BOB,
  basic,
  clientAt,
  type GuardedRegistry,
  guardedRegistry,
} from '#test/helpers/guarded-registry.ts';
import { putImage, type SampleImage, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';

async function pushed(
  registry: RegistryUnderTest,
  name: string,
  tag: string,
): Promise<SampleImage> {
  const image = await sampleImage({ layers: 2 });
  await using remote = remoteAt(registry.address, { repository: name });
  await putImage(remote, image, tag);
  return image;
}

async function pageAt(
  registry: RegistryUnderTest,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
  const response = await fetch(registry.url(path), { headers, redirect: 'manual' });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe('what is shown', () => {
  it('repositories, with search and in pages', async () => {
    await using registry = await temporaryRegistry();
    for (let i = 0; i < 103; i++) {
      const name = `r-${String(i).padStart(3, '0')}`;
      const { status } = await pushEmpty(registry, name);
      assert.equal(status, 201);
    }
    const first = await pageAt(registry, '/');
    assert.equal(first.status, 200);
    assert.match(first.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(first.text, /<a href="\/repo\/r-099">/);
    assert.doesNotMatch(first.text, /r-100/);
    assert.match(first.text, /<a href="\/\?last=r-099" rel="next">More/);
    assert.match((await pageAt(registry, '/?last=r-099')).text, /<a href="\/repo\/r-102">/);
    const found = await pageAt(registry, '/?q=02');
    assert.match(found.text, /r-002.*r-020.*r-102/s);
    assert.doesNotMatch(found.text, /r-003/);
    assert.match((await pageAt(registry, '/?q=nosuch')).text, /There is none/);
  });

  it('tags with digest, platform and size; an image with layers, config, history and commands', async () => {
    await using registry = await temporaryRegistry();
    const image = await pushed(registry, 'team/app', 'v1');
    const list = await pageAt(registry, '/repo/team/app');
    assert.match(list.text, /<a href="\/repo\/team\/app:v1">v1<\/a>/);
    assert.ok(list.text.includes(image.manifest.digest.slice(0, 19)));
    assert.match(list.text, /linux\/amd64/);
    const page = await pageAt(registry, '/repo/team/app:v1');
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(image.manifest.digest));
    assert.ok(page.text.includes(`value="docker pull ${registry.address}/team/app:v1"`));
    for (const { digest } of image.layers) assert.ok(page.text.includes(digest.slice(0, 19)));
    const same = await pageAt(registry, `/repo/team/app@${image.manifest.digest}`);
    assert.equal(same.status, 200);
  });

  it('an index with its platforms, each a link', async () => {
    await using registry = await temporaryRegistry();
    const index = await sampleIndex();
    await using remote = remoteAt(registry.address, { repository: 'app' });
    for (const image of index.images) await putImage(remote, image);
    await remote.putManifest(index.manifest, { tag: 'all' });
    const { text } = await pageAt(registry, '/repo/app:all');
    for (const { manifest } of index.images)
      assert.ok(text.includes(`/repo/app@${manifest.digest}`));
  });

  it('what refers to an image', async () => {
    await using registry = await temporaryRegistry();
    const image = await pushed(registry, 'app', 'v1');
    const document = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as object;
    const subject = { mediaType: OCI_MANIFEST, digest: image.manifest.digest, size: 3 };
    const bytes = Buffer.from(
      JSON.stringify({ ...document, artifactType: 'application/x-signature', subject }),
    );
    await using remote = remoteAt(registry.address, { repository: 'app' });
    await remote.putManifest({ mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes });
    const { text } = await pageAt(registry, '/repo/app:v1');
    assert.match(text, /application\/x-signature/);
    const about = await pageAt(registry, `/repo/app@${digestOf(bytes)}`);
    assert.ok(about.text.includes(image.manifest.digest));
  });

  it('what is not there: a page that says so; pages may be switched off', async () => {
    await using registry = await temporaryRegistry();
    for (const path of ['/repo/none', '/repo/none:v1', `/repo/none@${digestOf('x')}`]) {
      const { status, text } = await pageAt(registry, path);
      assert.equal(status, 404, path);
      assert.match(text, /<h1>Not found<\/h1>/);
    }
    for (const path of ['/repo/', '/repo/UPPER', '/repo/a:', '/repo/a@x', '/repo/../x', '/x']) {
      assert.equal((await pageAt(registry, path)).status, 404, path);
    }
    await using plain = await temporaryRegistry({ pages: false });
    assert.equal((await pageAt(plain, '/')).status, 404);
  });

  it('what an image says is text, and nothing may run but our script', async () => {
    await using registry = await temporaryRegistry();
    const image = await pushed(registry, 'app', 'v1');
    const document = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as object;
    const evil = '<script>alert(1)</script>"\'&';
    const bytes = Buffer.from(JSON.stringify({ ...document, annotations: { [evil]: evil } }));
    await using remote = remoteAt(registry.address, { repository: 'app' });
    const raw = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
    await remote.putManifest(raw, { tag: 'evil' });
    const { text, headers } = await pageAt(registry, '/repo/app:evil?q=<script>');
    assert.doesNotMatch(text, /<script>/);
    assert.match(text, /&#60;script&#62;alert\(1\)/);
    assert.match(
      (await pageAt(registry, `/?q=${encodeURIComponent(evil)}`)).text,
      /value="&#60;script/,
    );
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  });
});

function deletion(
  registry: RegistryUnderTest,
  path: string,
  headers: Record<string, string> = {},
  form: Record<string, string> = { sure: 'yes' },
): Promise<Response> {
  const body = new URLSearchParams(form);
  return fetch(registry.url(path), { method: 'POST', headers, body, redirect: 'manual' });
}

describe('deleting', () => {
  it('a tag, then the image, each after a tick', async () => {
    await using registry = await temporaryRegistry();
    const image = await pushed(registry, 'app', 'v1');
    assert.equal((await deletion(registry, '/repo/app:v1', {}, {})).status, 400);
    const gone = await deletion(registry, '/repo/app:v1');
    assert.equal(gone.status, 303);
    assert.equal(gone.headers.get('location'), '/repo/app');
    assert.equal((await pageAt(registry, '/repo/app:v1')).status, 404);
    const path = `/repo/app@${image.manifest.digest}`;
    assert.equal((await pageAt(registry, path)).status, 200);
    assert.equal((await deletion(registry, path)).status, 303);
    assert.equal((await pageAt(registry, path)).status, 404);
  });

  it('is refused when the form comes from elsewhere', async () => {
    await using registry = await temporaryRegistry();
    await pushed(registry, 'app', 'v1');
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.test' },
      { origin: 'null' },
    ]) {
      assert.equal((await deletion(registry, '/repo/app:v1', headers)).status, 403);
    }
    const ours = { origin: `http://${registry.address}` };
    assert.equal((await deletion(registry, '/repo/app:v1', ours)).status, 303);
  });

  it('is not offered, nor done, where DELETE is not taken', async () => {
    await using registry = await temporaryRegistry({ allowDelete: false });
    await pushed(registry, 'app', 'v1');
    assert.doesNotMatch((await pageAt(registry, '/repo/app:v1')).text, /Delete/);
    assert.equal((await deletion(registry, '/repo/app:v1')).status, 405);
  });
});

describe('signing in', () => {
  const push = async (registry: GuardedRegistry, name: string): Promise<void> => {
    await using remote = clientAt(registry.address, ANA, name);
    await putImage(remote, await sampleImage(), 'v1');
  };

  it('browsers are asked by Basic, whatever programs are asked by', async () => {
    await using registry = await guardedRegistry();
    await push(registry, 'team/app');
    for (const path of ['/repo/team/app', '/repo/team/app:v1', '/sign-in']) {
      const { status, headers, text } = await pageAt(registry, path);
      assert.equal(status, 401, path);
      assert.match(headers.get('www-authenticate') ?? '', /^Basic /);
      assert.match(text, /<h1>Sign in<\/h1>/);
      const wrong = await pageAt(registry, path, basic(['bob', 'wrong']));
      assert.equal(wrong.status, 401);
      assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic /);
    }
    const signedIn = await pageAt(registry, '/sign-in', basic(BOB));
    assert.equal(signedIn.status, 303);
    assert.equal((await pageAt(registry, '/-/style.css')).status, 200);
  });

  it('everybody sees what they may pull, and may delete what they may delete', async () => {
    await using registry = await guardedRegistry();
    for (const name of ['team/app', 'other/app', 'pub/app']) await push(registry, name);
    const home = await pageAt(registry, '/');
    assert.match(home.text, /pub\/app/);
    assert.doesNotMatch(home.text, /team\/app/);
    assert.match(home.text, /<a href="\/sign-in">Sign in<\/a>/);
    const bobs = await pageAt(registry, '/', basic(BOB));
    assert.match(bobs.text, /team\/app/);
    assert.doesNotMatch(bobs.text, /other\/app/);
    assert.match(bobs.text, /Signed in as <b>bob<\/b>/);
    assert.equal((await pageAt(registry, '/repo/other/app', basic(BOB))).status, 403);
    assert.doesNotMatch((await pageAt(registry, '/repo/team/app:v1', basic(BOB))).text, /Delete/);
    assert.equal((await deletion(registry, '/repo/team/app:v1', basic(BOB))).status, 403);
    assert.match((await pageAt(registry, '/repo/team/app:v1', basic(ANA))).text, /Delete/);
    assert.equal((await deletion(registry, '/repo/team/app:v1', basic(ANA))).status, 303);
  });
});

/** An artifact of nothing, which is quick to push. */
async function pushEmpty(registry: RegistryUnderTest, name: string): Promise<Response> {
  const config = Buffer.from('{}');
  const digest = digestOf(config);
  await fetch(registry.url(`/v2/${name}/blobs/uploads/?digest=${digest}`), {
    method: 'POST',
    body: config,
  });
  const descriptor = { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 2 };
  const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: descriptor, layers: [] };
  return await fetch(registry.url(`/v2/${name}/manifests/v1`), {
    method: 'PUT',
    body: JSON.stringify({ ...document, artifactType: 'application/x-nothing' }),
    headers: { 'content-type': OCI_MANIFEST },
  });
}
