/** Copies between registries and other places: what arrives, what is sent, and what is not. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import { descriptorOf, encodeIndex } from '#core/manifest.ts';
import { companionTag, putCompanion, sampleSignature } from '#test/helpers/companions.ts';
import { copier, putSignedIndex } from '#test/helpers/copying.ts';
import {
  collect,
  putBlob,
  putImage,
  putIndex,
  sampleImage,
  sampleIndex,
} from '#test/helpers/images.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';

/** Methods and paths of requests that the registry logged since. */
function requests({ log }: RegistryUnderTest, since = 0): readonly string[] {
  return log.slice(since).flatMap((line) => /"([A-Z]+ [^"\s]+)/.exec(line)?.[1] ?? []);
}

function writes(registry: RegistryUnderTest, since = 0): readonly string[] {
  return requests(registry, since).filter((line) => !/^(GET|HEAD) /.test(line));
}

describe('from registry to registry', () => {
  test('all platforms, signatures and SBOMs arrive byte for byte, and the tag last', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await using to = remoteAt(b.address, { repository: 'mirror/app' });
    const index = await putSignedIndex(from, '1');
    const copied = await here.engine.copy(
      `${a.address}/test/app:1`,
      `docker://${b.address}/mirror/app:2`,
      { moreTags: ['latest'] },
    );
    const { digest, mediaType } = index.manifest;
    const size = index.manifest.bytes.byteLength;
    const place = `docker://${b.address}/mirror/app`;
    assert.deepEqual(copied, [{ to: [`${place}:2`, `${place}:latest`], digest, mediaType, size }]);
    for (const manifest of index.manifests) {
      const { bytes } = await to.getManifest(manifest.digest);
      assert.deepEqual(Buffer.from(bytes), Buffer.from(manifest.bytes));
    }
    for (const { blobs } of index.images) {
      for (const blob of blobs) {
        assert.deepEqual(await collect(to.blobs.read(blob.digest)), Buffer.from(blob.bytes));
      }
    }
    assert.deepEqual(await Array.fromAsync(to.tags()), ['2', 'latest', index.signatureTag]);
    const last = writes(b).at(-1) ?? '';
    assert.match(last, /^PUT \/v2\/mirror\/app\/manifests\/(2|latest|sha256:[0-9a-f]{64}\?tag=2)/);
    const [, subject] = index.images;
    const referrers = await to.referrers(subject?.manifest.digest ?? digest);
    assert.deepEqual(
      referrers.map((one) => one.digest),
      [index.sbom.digest],
    );
  });

  test('the second time nothing is written, and no blob is asked for', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await putSignedIndex(from, '1');
    const places = [`${a.address}/test/app:1`, `${b.address}/test/app:1`] as const;
    await here.engine.copy(...places);
    const [beforeA, beforeB] = [a.log.length, b.log.length];
    await here.engine.copy(...places);
    assert.deepEqual(writes(b, beforeB), []);
    const blobs = [...requests(a, beforeA), ...requests(b, beforeB)];
    assert.deepEqual(
      blobs.filter((line) => line.includes('/blobs/')),
      [],
    );
  });

  test('within one registry blobs are mounted, and none is read', async () => {
    await using here = await copier();
    await using registry = await temporaryRegistry();
    await using from = remoteAt(registry.address);
    const index = await putSignedIndex(from, '1');
    const before = registry.log.length;
    const events: Event[] = [];
    await here.engine.copy(`${registry.address}/test/app:1`, `${registry.address}/other/app:1`, {
      events: (event) => events.push(event),
    });
    const moved = requests(registry, before).filter((line) =>
      /^GET \S+\/blobs\/|^(PUT|PATCH) \S+\/uploads\//.test(line),
    );
    assert.deepEqual(moved, []);
    const mounted = events.filter((one) => one.kind === 'transfer' && one.state === 'mounted');
    assert.ok(mounted.length >= index.images.length * 3);
    await using to = remoteAt(registry.address, { repository: 'other/app' });
    assert.equal((await to.resolve('1')).digest, index.manifest.digest);
  });

  test('a blob that another image brought is not sent again', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const image = await sampleImage();
    await putImage(from, image, '1');
    await using to = remoteAt(b.address);
    for (const layer of image.layers) await putBlob(to.blobs, layer);
    const before = a.log.length;
    await here.engine.copy(`${a.address}/test/app:1`, `${b.address}/test/app:1`);
    const read = requests(a, before).filter((line) => line.includes('/blobs/'));
    assert.deepEqual(read, [`GET /v2/test/app/blobs/${image.imageId}`]);
  });

  test('one platform: the image alone, with what refers to it', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const index = await putSignedIndex(from, '1');
    await here.engine.copy(`${a.address}/test/app:1`, `${b.address}/test/app:1`, {
      platform: { os: 'linux', architecture: 'arm64' },
    });
    await using to = remoteAt(b.address);
    const wanted = index.images[1]?.manifest.digest;
    assert.equal((await to.resolve('1')).digest, wanted);
    assert.deepEqual(await Array.fromAsync(to.tags()), ['1']);
    assert.ok(wanted);
    assert.equal((await to.referrers(wanted)).length, 1);
    await assert.rejects(to.resolve(index.manifest.digest), { code: 'MANIFEST_UNKNOWN' });
  });

  test('without what refers to it', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const index = await putSignedIndex(from, '1');
    const places = [`${a.address}/test/app:1`, `${b.address}/test/app:1`] as const;
    await here.engine.copy(...places, { noReferrers: true });
    await using to = remoteAt(b.address);
    assert.deepEqual(await Array.fromAsync(to.tags()), ['1']);
    await assert.rejects(to.resolve(index.sbom.digest), { code: 'MANIFEST_UNKNOWN' });
  });
});

describe('all tags', () => {
  test('each image once, under all its tags, signatures of images without a tag too', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const index = await putSignedIndex(from, '1', 'latest');
    const [other, gone] = [await sampleImage(), await sampleImage()];
    await putImage(from, other, '2');
    const orphan = companionTag(gone.manifest.digest, '.sig');
    await putCompanion(from, sampleSignature(), orphan);
    const copied = await here.engine.copy(`${a.address}/test/app`, `${b.address}/test/app`, {
      allTags: true,
    });
    await using to = remoteAt(b.address);
    const tags = await Array.fromAsync(to.tags());
    assert.deepEqual(tags, ['1', '2', 'latest', ...[index.signatureTag, orphan].sort()]);
    for (const tag of tags) {
      assert.deepEqual((await to.resolve(tag)).digest, (await from.resolve(tag)).digest);
    }
    assert.equal(copied.length, 4);
  });

  test('a tag on either side is refused, as by pull', async () => {
    await using here = await copier();
    for (const [from, to] of [
      ['127.0.0.1:1/app:1', '127.0.0.1:1/b'],
      ['127.0.0.1:1/app', '127.0.0.1:1/b:1'],
      ['store:app:1', 'store:b'],
    ] as const) {
      await assert.rejects(here.engine.copy(from, to, { allTags: true }), {
        code: 'REFERENCE_INVALID',
        message: /all-tags/,
      });
    }
  });

  test('a repository without tags: said', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    const copying = here.engine.copy(`${a.address}/none`, `${a.address}/b`, { allTags: true });
    await assert.rejects(copying, { code: 'NAME_UNKNOWN' });
  });

  test('of an archive keep their whole names in another archive', async () => {
    await using here = await copier();
    const { engine, folder } = here;
    await using a = await temporaryRegistry();
    for (const [repository, tag] of [
      ['x/app', '1'],
      ['y/app', '1'],
    ] as const) {
      await using from = remoteAt(a.address, { repository });
      await putImage(from, await sampleImage(), tag);
      await engine.copy(`${a.address}/${repository}:${tag}`, `store:${repository}:${tag}`);
    }
    await engine.save(['x/app:1', 'y/app:1'], folder.at('both.tar'));
    const [both, again] = [folder.at('both.tar'), `bundle:${folder.at('again.tar')}`];
    const copied = await engine.copy(both, again, { allTags: true });
    assert.deepEqual(
      copied.map(({ to }) => to),
      [[`${again}:x/app:1`], [`${again}:y/app:1`]],
    );
    const mixing = engine.copy(both, `${a.address}/z`, { allTags: true });
    await assert.rejects(mixing, { code: 'NAME_CONFLICT', message: /2 repositories/ });
  });
});

describe('names at the destination', () => {
  test('archives and folders keep the tag that the image has; repositories say latest', async () => {
    await using here = await copier();
    const { engine, folder } = here;
    await using a = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await putImage(from, await sampleImage(), '1');
    const source = `${a.address}/test/app:1`;
    const to = async (place: string, from = source) => (await engine.copy(from, place))[0]?.to;
    assert.deepEqual(await to(`oci:${folder.at('layout')}`), [`oci:${folder.at('layout')}:1`]);
    const bundle = `bundle:${folder.at('x.tar')}`;
    assert.deepEqual(await to(bundle), [`${bundle}:${source}`]);
    assert.deepEqual(await to(`${bundle}:v2`), [`${bundle}:${a.address}/test/app:v2`]);
    assert.deepEqual(await to(`${bundle}:app:3`), [`${bundle}:app:3`]);
    assert.deepEqual(await to('store:app'), ['store:app:latest']);
    const other = `oci:${folder.at('other')}`;
    assert.deepEqual(await to(other, `oci:${folder.at('layout')}`), [`${other}:1`]);
    assert.deepEqual(await to(other, bundle), [`${other}:3`]);
  });

  test('--no-clobber: another image under the tag stays, the same is no conflict', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await using to = remoteAt(b.address);
    const [mine, theirs] = [await sampleImage(), await sampleImage()];
    await putImage(from, mine, '1');
    await putImage(from, mine, '2');
    await putImage(to, theirs, '1');
    const places = [`${a.address}/test/app:1`, `${b.address}/test/app:1`] as const;
    await assert.rejects(here.engine.copy(...places, { noClobber: true }), {
      code: 'NAME_CONFLICT',
      message: `refusing to clobber existing tag 1@${theirs.manifest.digest}`,
    });
    const all = { allTags: true, noClobber: true };
    await here.engine.copy(`${a.address}/test/app`, `${b.address}/test/app`, all);
    assert.equal((await to.resolve('1')).digest, theirs.manifest.digest);
    assert.equal((await to.resolve('2')).digest, mine.manifest.digest);
    const second = [`${a.address}/test/app:2`, `${b.address}/test/app:2`] as const;
    await here.engine.copy(...second, { noClobber: true });
  });
});

describe('a plan', () => {
  test('says to the byte what a copy sends, and writes nothing', async () => {
    await using here = await copier();
    const { engine, folder } = here;
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const index = await putSignedIndex(from, '1');
    const source = `${a.address}/test/app:1`;
    const target = `docker://${b.address}/test/app:1`;
    const plan = await engine.planCopy(source, target);
    assert.deepEqual(writes(b), []);
    const [one] = plan.images;
    assert.equal(one?.digest, index.manifest.digest);
    assert.deepEqual([one?.referrers, one?.changedTags], [3, ['1']]);
    assert.equal(one?.missingBytes, plan.sendBytes);
    let sent = 0;
    await engine.copy(source, target, {
      events: (event) => {
        if (event.kind === 'transfer' && event.state === 'done') sent += event.total ?? 0;
      },
    });
    const manifests = index.manifests.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    assert.equal(sent + manifests, plan.sendBytes);
    const again = await engine.planCopy(source, target);
    assert.deepEqual(
      [again.sendBytes, again.images[0]?.missingBlobs, again.images[0]?.changedTags],
      [0, 0, []],
    );
    const folderPlan = await engine.planCopy(source, `oci:${folder.at('layout')}`);
    assert.equal(folderPlan.sendBytes, plan.sendBytes);
    await assert.rejects(engine.copy(`oci:${folder.at('layout')}`, 'store:x'), {
      code: 'FILE_MISSING',
    });
  });

  test('of an archive has the size of the file', async () => {
    await using here = await copier();
    const { engine, folder } = here;
    await using a = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await putSignedIndex(from, '1');
    const places = [`${a.address}/test/app:1`, `bundle:${folder.at('x.tar')}`] as const;
    const { archiveBytes } = await engine.planCopy(...places);
    await engine.copy(...places);
    assert.equal(statSync(folder.at('x.tar')).size, archiveBytes);
  });

  test('within one registry: mounted, not sent', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const image = await sampleImage();
    await putImage(from, image, '1');
    const plan = await here.engine.planCopy(`${a.address}/test/app:1`, `${a.address}/other:1`);
    const blobs = image.blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    assert.equal(plan.images[0]?.mountableBytes, blobs);
    assert.equal(plan.sendBytes, image.manifest.bytes.byteLength);
  });
});

describe('what is wrong at the source', () => {
  for (const [kind, target] of [
    ['a registry', (address: string) => `docker://${address}/out:1`],
    ['the store', () => 'store:out:1'],
    ['a folder', (_: string, at: (name: string) => string) => `oci:${at('layout')}:1`],
    ['a bundle', (_: string, at: (name: string) => string) => `bundle:${at('x.tar')}:out:1`],
  ] as const) {
    test(`a damaged layer gives ${kind} no image`, async () => {
      await using here = await copier();
      const { engine, folder } = here;
      await using a = await temporaryRegistry();
      await using b = await temporaryRegistry();
      await using from = remoteAt(a.address);
      const image = await sampleImage({ layers: 2, fileSize: 300_000 });
      await putImage(from, image, '1');
      const path = a.store.paths.blob(image.layers[1]?.digest ?? image.imageId);
      await writeFile(path, Buffer.alloc(image.layers[1]?.bytes.byteLength ?? 0, 'x'));
      const place = target(b.address, folder.at);
      const copying = engine.copy(`${a.address}/test/app:1`, place);
      await assert.rejects(copying, {
        code: /^(DIGEST_MISMATCH|REGISTRY_UNAVAILABLE|REGISTRY_REFUSED)$/,
      });
      const reading = engine.copy(place, `oci:${folder.at('proof')}`);
      await assert.rejects(reading, {
        code: /^(MANIFEST_UNKNOWN|NAME_UNKNOWN|IMAGE_UNKNOWN|FILE_MISSING)$/,
      });
    });
  }

  test('an image that is not there leaves no folder', async () => {
    await using here = await copier();
    const { engine, folder } = here;
    await using a = await temporaryRegistry();
    for (const source of [`${a.address}/none:1`, 'store:none', `oci:${folder.at('none')}`]) {
      await assert.rejects(engine.copy(source, `oci:${folder.at('out')}`));
      assert.ok(!existsSync(folder.at('out')));
    }
  });

  test('a layer that is lost: BLOB_UNKNOWN, no tag', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const image = await sampleImage({ layers: 2 });
    await putImage(from, image, '1');
    await rm(a.store.paths.blob(image.layers[0]?.digest ?? image.imageId));
    const copying = here.engine.copy(`${a.address}/test/app:1`, `${b.address}/test/app:1`);
    await assert.rejects(copying, { code: 'BLOB_UNKNOWN' });
    await using to = remoteAt(b.address);
    assert.deepEqual(await Array.fromAsync(to.tags()), []);
  });

  test('a referrer that is listed and lost is told, and the rest is copied', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using b = await temporaryRegistry();
    await using from = remoteAt(a.address);
    const image = await sampleImage();
    await putImage(from, image, '1');
    const lost = { ...descriptorOf(image.manifest), digest: digestOf('lost') };
    const sparse = encodeIndex([lost]);
    await using direct = await temporaryRegistry({ allowSparse: true });
    await using to = remoteAt(direct.address);
    await putImage(to, image, '1');
    await to.putManifest(sparse, { tag: companionTag(image.manifest.digest, '') });
    const notes: string[] = [];
    await here.engine.copy(`${direct.address}/test/app:1`, `${b.address}/test/app:1`, {
      events: (event) => void (event.kind === 'note' && notes.push(event.text)),
    });
    assert.match(notes.join('\n'), /is not there and was left out/);
    await using out = remoteAt(b.address);
    assert.equal((await out.resolve('1')).digest, image.manifest.digest);
  });

  test('an image of a platform that is not there', async () => {
    await using here = await copier();
    await using a = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await putIndex(from, await sampleIndex(), '1');
    const copying = here.engine.copy(`${a.address}/test/app:1`, 'store:x', {
      platform: { os: 'linux', architecture: 's390x' },
    });
    await assert.rejects(copying, { code: 'PLATFORM_UNKNOWN' });
  });

  test('a cut-off archive', async () => {
    await using here = await copier();
    const { engine, folder } = here;
    await using a = await temporaryRegistry();
    await using from = remoteAt(a.address);
    await putImage(from, await sampleImage(), '1');
    await engine.copy(`${a.address}/test/app:1`, `bundle:${folder.at('x.tar')}`);
    await truncate(folder.at('x.tar'), 5000);
    await assert.rejects(engine.copy(folder.at('x.tar'), `${a.address}/out:1`), {
      code: 'ARCHIVE_INVALID',
    });
  });
});
