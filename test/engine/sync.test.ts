/** Mirroring between real registries: what is copied, what is left alone, what is removed, what fails. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { decodeManifest, descriptorOf, encodeIndex } from '#core/manifest.ts';
import type { SyncRequest, SyncResult } from '#core/mirror.ts';
import {
  companionTag,
  putCompanion,
  sampleReferrer,
  sampleSignature,
} from '#test/helpers/companions.ts';
import { type Copier, copier, putSignedIndex } from '#test/helpers/copying.ts';
import { putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';

interface Mirror extends AsyncDisposable {
  readonly here: Copier;
  readonly from: RegistryUnderTest;
  readonly to: RegistryUnderTest;
  /** Runs a mirror file; FROM and TO in it are the registries. */
  sync(text: string, request?: SyncRequest): Promise<SyncResult>;
  /** All tags of a repository of the destination. */
  tags(repository: string): Promise<readonly string[]>;
  /** Action and place of each step, places without their host. */
  steps(result: SyncResult): readonly string[];
}

async function mirror(): Promise<Mirror> {
  const stack = new AsyncDisposableStack();
  const here = stack.use(await copier());
  const from = stack.use(await temporaryRegistry());
  const to = stack.use(await temporaryRegistry());
  const filled = (text: string): string =>
    text.replaceAll('FROM', from.address).replaceAll('TO', to.address);
  return {
    here,
    from,
    to,
    async sync(text, { destination, ...request } = {}) {
      const path = here.folder.at('mirror.yaml');
      await writeFile(path, filled(text));
      const place = destination === undefined ? {} : { destination: filled(destination) };
      return await here.engine.sync(path, { ...request, ...place });
    },
    async tags(repository) {
      await using remote = remoteAt(to.address, { repository });
      return await Array.fromAsync(remote.tags());
    },
    steps: ({ steps }) => {
      const lines = steps.map(
        ({ action, to: place }) => `${action} ${place.replace(/^[^/]*\//, '')}`,
      );
      return lines.sort();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** An image of its own under each tag. */
async function fill(
  { from }: Mirror,
  repository: string,
  ...tags: readonly string[]
): Promise<void> {
  await using remote = remoteAt(from.address, { repository });
  for (const tag of tags) await putImage(remote, await sampleImage(), tag);
}

function writes({ log }: RegistryUnderTest, since: number): readonly string[] {
  return log.slice(since).filter((line) => !/"(GET|HEAD) /.test(line));
}

const APP = 'destination: TO/mirror\nimages: [{source: FROM/team/app}]';

describe('what is copied', () => {
  test('tags that are selected, then nothing, then what changed', async () => {
    await using place = await mirror();
    await fill(place, 'team/app', '1.0', '1.1', '2.0', 'latest');
    const text =
      'destination: TO/mirror\nimages: [{source: FROM/team/app, tags: {list: [latest], semver: ">=1.1 <2"}}]';
    const first = await place.sync(text);
    assert.deepEqual(first.failures, []);
    assert.deepEqual(place.steps(first), [
      'copy mirror/team/app:1.1',
      'copy mirror/team/app:latest',
    ]);
    assert.deepEqual(await place.tags('mirror/team/app'), ['1.1', 'latest']);
    const before = place.to.log.length;
    const second = await place.sync(text);
    assert.deepEqual(place.steps(second), [
      'keep mirror/team/app:1.1',
      'keep mirror/team/app:latest',
    ]);
    assert.deepEqual(writes(place.to, before), []);
    await fill(place, 'team/app', 'latest');
    assert.deepEqual(place.steps(await place.sync(text)), [
      'keep mirror/team/app:1.1',
      'update mirror/team/app:latest',
    ]);
  });

  test('what refers to an image comes with it; what came later, with --all', async () => {
    await using place = await mirror();
    await using from = remoteAt(place.from.address, { repository: 'team/app' });
    const index = await putSignedIndex(from, '1');
    await place.sync(APP);
    await using to = remoteAt(place.to.address, { repository: 'mirror/team/app' });
    assert.deepEqual(await Array.fromAsync(to.tags()), ['1', index.signatureTag]);
    await putCompanion(from, sampleReferrer(index.manifest));
    await place.sync(APP);
    assert.equal((await to.referrers(index.manifest.digest)).length, 0);
    await place.sync(APP, { all: true });
    assert.equal((await to.referrers(index.manifest.digest)).length, 1);
  });

  test('without what refers to it', async () => {
    await using place = await mirror();
    await using from = remoteAt(place.from.address, { repository: 'team/app' });
    await putSignedIndex(from, '1');
    await place.sync(`referrers: false\n${APP}`);
    assert.deepEqual(await place.tags('mirror/team/app'), ['1']);
  });

  test('repositories of a registry by expressions, rewritten', async () => {
    await using place = await mirror();
    for (const name of ['team/a', 'team/b', 'team/old', 'other/c']) await fill(place, name, '1');
    const result = await place.sync(`
destination: TO/m
images:
  - registry: FROM
    repositories: {list: [other/c], regex: '^team/', exclude: 'old$'}
    rewrite: [{from: '^team/', to: 'our/'}]`);
    assert.deepEqual(place.steps(result), ['copy m/other/c:1', 'copy m/our/a:1', 'copy m/our/b:1']);
  });

  test('two of three platforms are an index, the same each time; one is the image itself', async () => {
    await using place = await mirror();
    await using from = remoteAt(place.from.address, { repository: 'team/app' });
    const platforms = ['amd64', 'arm64', 's390x'].map((architecture) => ({
      os: 'linux',
      architecture,
    }));
    const index = await sampleIndex(platforms);
    await putIndex(from, index, '1');
    const two = `platforms: [linux/amd64, linux/arm64]\n${APP}`;
    await place.sync(two);
    await using to = remoteAt(place.to.address, { repository: 'mirror/team/app' });
    const manifest = decodeManifest(await to.getManifest('1'));
    assert.ok(manifest.kind === 'index');
    assert.deepEqual(
      manifest.manifests.map(({ digest }) => digest),
      index.images.slice(0, 2).map((one) => one.manifest.digest),
    );
    const gone = index.images[2]?.manifest.digest ?? '';
    await assert.rejects(to.resolve(gone), { code: 'MANIFEST_UNKNOWN' });
    assert.deepEqual(place.steps(await place.sync(two)), ['keep mirror/team/app:1']);
    await place.sync(`platforms: [linux/s390x]\n${APP}`);
    assert.equal((await to.resolve('1')).digest, gone);
  });

  test('an attestation stays with its image, and goes with it', async () => {
    await using place = await mirror();
    await using from = remoteAt(place.from.address, { repository: 'team/app' });
    const index = await sampleIndex();
    const attestation = await sampleImage({ platform: { os: 'unknown', architecture: 'unknown' } });
    for (const image of [...index.images, attestation]) await putImage(from, image);
    const [amd64, arm64] = index.images;
    const listed = index.images.map((image, i) => ({
      ...descriptorOf(image.manifest),
      platform: { os: 'linux', architecture: i === 0 ? 'amd64' : 'arm64' },
    }));
    const about = {
      ...descriptorOf(attestation.manifest),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.digest': amd64?.manifest.digest ?? '' },
    };
    await from.putManifest(encodeIndex([...listed, about]), { tag: '1' });
    await place.sync(`platforms: [linux/amd64]\n${APP}`);
    await using to = remoteAt(place.to.address, { repository: 'mirror/team/app' });
    const manifest = decodeManifest(await to.getManifest('1'));
    assert.ok(manifest.kind === 'index');
    assert.deepEqual(
      manifest.manifests.map(({ digest }) => digest),
      [amd64?.manifest.digest, attestation.manifest.digest],
    );
    await place.sync(`platforms: [linux/arm64]\n${APP}`);
    assert.equal((await to.resolve('1')).digest, arm64?.manifest.digest);
  });

  test('the form of skopeo, to where the command says, by the last part of names', async () => {
    await using place = await mirror();
    await fill(place, 'team/app', '1.2.0', '1.3.0', 'edge');
    await using from = remoteAt(place.from.address, { repository: 'team/app' });
    const { digest } = await from.resolve('edge');
    const text = `
"FROM":
  images: {team/app: ["${digest}"]}
  images-by-semver: {team/app: ">=1.3"}`;
    const destination = 'TO/m';
    const result = await place.sync(text, { destination });
    assert.deepEqual(place.steps(result), [`copy m/app@${digest}`, 'copy m/app:1.3.0'].sort());
    const host = place.from.address.replace(':', '-');
    const scoped = await place.sync(text, { destination, scoped: true });
    assert.ok(place.steps(scoped).includes(`copy m/${host}/team/app:1.3.0`));
  });
});

describe('a dry run', () => {
  test('says all of it, and writes nothing', async () => {
    await using place = await mirror();
    await fill(place, 'team/app', '1', '2');
    await place.sync(APP);
    await fill(place, 'team/app', '2', '3');
    await using from = remoteAt(place.from.address, { repository: 'team/app' });
    await from.deleteTag('1');
    const before = place.to.log.length;
    const plan = await place.sync(`prune: true\n${APP}`, { dryRun: true });
    const expected = ['copy 3', 'remove 1', 'update 2'].map((text) =>
      text.replace(' ', ' mirror/team/app:'),
    );
    assert.deepEqual(place.steps(plan), expected);
    assert.deepEqual(writes(place.to, before), []);
    assert.deepEqual(place.steps(await place.sync(`prune: true\n${APP}`)), expected);
    assert.deepEqual(await place.tags('mirror/team/app'), ['2', '3']);
  });
});

describe('pruning', () => {
  test('takes tags that are not selected, with their signatures; off unless asked for', async () => {
    await using place = await mirror();
    await fill(place, 'team/app', '1');
    await place.sync(APP);
    await using to = remoteAt(place.to.address, { repository: 'mirror/team/app' });
    const [old, same] = [await sampleImage(), await to.resolve('1')];
    await putImage(to, old, 'old');
    await to.putManifest(await to.getManifest('1'), { tag: 'alias' });
    const [goes, stays] = [old.manifest.digest, same.digest].map((one) =>
      companionTag(one, '.sig'),
    );
    assert.ok(goes && stays);
    for (const tag of [goes, stays]) await putCompanion(to, sampleSignature(), tag);
    assert.deepEqual(place.steps(await place.sync(APP)), ['keep mirror/team/app:1']);
    const pruned = await place.sync(APP, { prune: true });
    assert.deepEqual(
      place.steps(pruned),
      [`keep 1`, 'remove alias', `remove ${goes}`, 'remove old']
        .map((text) => text.replace(' ', ' mirror/team/app:'))
        .sort(),
    );
    assert.deepEqual(await place.tags('mirror/team/app'), ['1', stays]);
    assert.equal((await to.resolve('1')).digest, same.digest);
    await fill(place, 'team/app', '2');
    await putImage(to, old, 'old');
    await place.sync(`prune: true\n${APP}`, { prune: false });
    assert.ok((await place.tags('mirror/team/app')).includes('old'));
  });

  test('two entries that fill one repository keep what both select', async () => {
    await using place = await mirror();
    await fill(place, 'a', '1');
    await fill(place, 'b', '2');
    const text = `
prune: true
images:
  - {source: FROM/a, destination: TO/both}
  - {source: FROM/b, destination: TO/both}`;
    for (const expected of ['copy', 'keep']) {
      const result = await place.sync(text);
      assert.deepEqual(place.steps(result), [`${expected} both:1`, `${expected} both:2`]);
    }
  });

  test('nothing goes while it is unknown which repositories an entry fills', async () => {
    await using place = await mirror();
    await fill(place, 'a', '1');
    await fill(place, 'b', '2');
    const from = (registry: string) => `
destination: TO
prune: true
images:
  - {source: FROM/a}
  - {registry: "${registry}", repositories: {regex: '^b$'}, rewrite: [{from: '^b$', to: a}]}`;
    await place.sync(from('FROM'));
    const silent = await place.sync(from('127.0.0.1:1'));
    assert.equal(silent.failures.length, 1);
    assert.deepEqual(place.steps(silent), ['keep a:1']);
    assert.deepEqual(await place.tags('a'), ['1', '2']);
  });

  test('nothing goes where anything failed, or nothing was selected', async () => {
    await using place = await mirror();
    await fill(place, 'team/app', '1', '2');
    await place.sync(APP);
    const prune = { prune: true };
    const missing = await place.sync(APP.replace('app}', "app, tags: ['1', gone]}"), prune);
    assert.deepEqual(
      missing.failures.map(({ what }) => what.replace(/^[^/]*\//, '')),
      ['team/app:gone'],
    );
    const none = await place.sync(APP.replace('app}', 'app, tags: {regex: nothing}}'), prune);
    assert.equal(none.failures.length, 1);
    assert.match(String(none.failures[0]?.error), /no tag of .* was selected/);
    assert.deepEqual(await place.tags('mirror/team/app'), ['1', '2']);
  });
});

describe('what fails', () => {
  test('keeps nothing else back, and is told in the end', async () => {
    await using place = await mirror();
    await fill(place, 'good', '1', '2');
    await using from = remoteAt(place.from.address, { repository: 'good' });
    const broken = await sampleImage();
    await putImage(from, broken, '3');
    await writeFile(place.from.store.paths.blob(broken.layers[0]?.digest ?? broken.imageId), 'x');
    const told: string[] = [];
    const result = await place.sync(
      'destination: TO\nimages: [{source: FROM/none}, {source: FROM/good}, {source: "127.0.0.1:1/x", tags: [a]}]',
      { onFailure: ({ what }) => told.push(what) },
    );
    assert.deepEqual(place.steps(result), ['copy good:1', 'copy good:2']);
    assert.deepEqual(
      result.failures.map(({ what }) => what),
      [`${place.from.address}/none`, `${place.from.address}/good:3`, '127.0.0.1:1/x:a'],
    );
    assert.deepEqual(
      told,
      result.failures.map(({ what }) => what),
    );
    assert.deepEqual(await place.tags('good'), ['1', '2']);
  });

  test('a file that is wrong: no registry is asked', async () => {
    await using place = await mirror();
    await assert.rejects(place.sync('images: [{sorce: a}]'), { code: 'CONFIG_INVALID' });
    await assert.rejects(place.here.engine.sync('/nonexistent/mirror.yaml'), {
      code: 'FILE_MISSING',
    });
    assert.equal(place.from.log.length + place.to.log.length, 0);
    const nowhere = await place.sync('images: [{source: FROM/a}]');
    assert.match(String(nowhere.failures[0]?.error), /images\[0\] has no destination/);
  });

  test('an interrupt ends it', async () => {
    await using place = await mirror();
    await fill(place, 'team/app', '1');
    const path = place.here.folder.at('m.yaml');
    await writeFile(
      path,
      `images: [{source: ${place.from.address}/team/app, destination: ${place.to.address}/x}]`,
    );
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await assert.rejects(place.here.engine.sync(path, { signal: stop.signal }), /enough/);
  });
});
