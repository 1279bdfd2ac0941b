/** The client against our own server over a real store: the contract of every Repository. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { repositoryContract } from '#test/contract/repository.ts';
import { collect, putBlob, putImage, sampleBlob, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { scriptedPeer } from '#test/helpers/scripted-peer.ts';

repositoryContract('client and server', async () => {
  const registry = await temporaryRegistry();
  const repository = remoteAt(registry.address);
  return {
    repository,
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
});

describe('client and server: what goes beyond the contract', () => {
  it('a large blob of known digest and size goes up in one PUT and comes down whole', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const blob = sampleBlob(randomBytes(9 * 1024 * 1024));
    await putBlob(remote.blobs, blob);
    assert.ok((await collect(remote.blobs.read(blob.digest))).equals(blob.bytes));
    assert.equal(registry.log.filter((line) => line.includes('"PATCH')).length, 0);
  });

  it('a large blob of unknown digest streams by PATCH', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const parts = Array.from({ length: 9 }, () => randomBytes(1024 * 1024));
    await using ingest = await remote.blobs.ingest();
    for (const part of parts) await ingest.write(part);
    const whole = Buffer.concat(parts);
    assert.deepEqual(await ingest.commit(), { digest: digestOf(whole), size: whole.length });
    assert.ok((await collect(remote.blobs.read(digestOf(whole)))).equals(whole));
    assert.equal(registry.log.filter((line) => line.includes('"PATCH')).length, 1);
  });

  it('a streamed blob that is not what was promised is stored nowhere', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const bytes = randomBytes(6 * 1024 * 1024);
    const promised = digestOf('something else');
    await using ingest = await remote.blobs.ingest({ digest: promised, size: bytes.byteLength });
    await ingest.write(bytes);
    await assert.rejects(ingest.commit({ digest: promised }), { code: 'DIGEST_MISMATCH' });
    assert.equal(await remote.blobs.stat(promised), undefined);
    assert.equal(await remote.blobs.stat(digestOf(bytes)), undefined);
  });

  it('an abandoned stream leaves no session and no blob', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const bytes = randomBytes(6 * 1024 * 1024);
    const digest = digestOf(bytes);
    {
      await using ingest = await remote.blobs.ingest({ digest, size: 2 * bytes.byteLength });
      await ingest.write(bytes);
    }
    assert.equal(await remote.blobs.stat(digest), undefined);
  });

  it('a mount takes a blob of another repository', async () => {
    await using registry = await temporaryRegistry();
    await using from = remoteAt(registry.address, { repository: 'one' });
    await using to = remoteAt(registry.address, { repository: 'two' });
    const blob = sampleBlob();
    await putBlob(from.blobs, blob);
    assert.equal(await to.blobs.stat(blob.digest), undefined);
    assert.equal(await to.blobs.mount(blob.digest, { from: 'one' }), true);
    assert.ok(await to.blobs.stat(blob.digest));
  });

  it('a refused mount leaves a session that the upload uses', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const blob = sampleBlob();
    assert.equal(await remote.blobs.mount(blob.digest, { from: 'elsewhere' }), false);
    await putBlob(remote.blobs, blob);
    assert.equal(registry.log.filter((line) => line.includes('"POST')).length, 1);
  });

  it('a session of a refused mount that nobody used is cancelled in the end', async () => {
    const location = '/v2/test/app/blobs/uploads/1';
    const digest = digestOf('x');
    await using peer = await scriptedPeer([
      { method: 'POST', path: /\?mount=/, answer: { status: 202, headers: { location } } },
      { method: 'DELETE', path: location, answer: { status: 204 } },
    ]);
    await using remote = remoteAt(peer.address);
    assert.equal(await remote.blobs.mount(digest), false);
  });

  it('an aborted signal stops a download', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const blob = sampleBlob(randomBytes(8 * 1024 * 1024));
    await putBlob(remote.blobs, blob);
    const abort = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _ of remote.blobs.read(blob.digest, { signal: abort.signal })) abort.abort();
    };
    await assert.rejects(read(), { code: 'CANCELLED' });
  });

  it('an image that is not there is told in docker words', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    await assert.rejects(remote.resolve('v1'), {
      code: 'NAME_UNKNOWN',
      message: `repository ${registry.address}/test/app not found: name unknown: repository test/app not found`,
    });
    await putImage(remote, await sampleImage(), 'v1');
    await assert.rejects(remote.resolve('v2'), {
      code: 'MANIFEST_UNKNOWN',
      message: `manifest for ${registry.address}/test/app:v2 not found: manifest unknown`,
    });
  });
});
