/** load --to: an archive straight into a registry; names, companions, differences, refusals. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import pLimit from 'p-limit';
import type { Digest } from '#core/digest.ts';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import type { LoadedImage } from '#core/local-image.ts';
import { rawManifest } from '#core/manifest.ts';
import { OCI_MANIFEST } from '#core/media-type.ts';
import { familiarReference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { openArchive } from '#image/archive-open.ts';
import { parseDestination } from '#image/destination.ts';
import { loadToRegistry } from '#image/load-to.ts';
import {
  collect,
  putImage,
  type SampleBlob,
  type SampleImage,
  sampleBlob,
  sampleImage,
  sampleIndex,
  sampleTar,
} from '#test/helpers/images.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

describe('load --to', () => {
  it('every image under its name below the prefix, digests kept; a second time nothing moves', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const [a, b] = [await sampleImage(), await sampleImage({ codec: 'gzip' })];
    await archive(folder, [
      { image: a, names: ['docker.io/library/a:1', 'ghcr.io/team/a:2'] },
      { image: b, names: ['docker.io/library/b:latest'] },
    ]);
    const loaded = await loadTo(folder, registry, 'mirror');
    const at = (name: string): string => `${registry.address}/mirror/${name}`;
    assert.deepEqual(textOf(loaded), [
      [a.imageId, at('a:1'), at('team/a:2')],
      [b.imageId, at('b:latest')],
    ]);
    await using remote = remoteAt(registry.address, { repository: 'mirror/team/a' });
    assert.equal((await remote.resolve('2')).digest, a.manifest.digest);
    for (const { digest, bytes } of a.blobs) {
      assert.deepEqual(await collect(remote.blobs.read(digest)), Buffer.from(bytes));
    }
    const before = registry.log.length;
    await loadTo(folder, registry, 'mirror');
    const again = registry.log.slice(before);
    assert.ok(again.length > 0);
    assert.deepEqual(
      again.filter((line) => /PATCH|"PUT [^"]*blobs/.test(line)),
      [],
    );
  });

  it('what points at an image follows it by digest, also a signature of an SBOM listed first', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const image = await sampleImage();
    const sbom = referrer(image.manifest, 'application/sbom');
    const signature = referrer(sbom.manifest, 'application/signature');
    await archive(folder, [
      { image: signature, names: [] },
      { image: sbom, names: [] },
      { image, names: ['docker.io/library/a:1'] },
    ]);
    const loaded = await loadTo(folder, registry);
    assert.deepEqual(textOf(loaded), [[image.imageId, `${registry.address}/a:1`]]);
    const listed = async (subject: Digest): Promise<unknown> => {
      const answer = await fetch(registry.url(`/v2/a/referrers/${subject}`));
      const { manifests } = JSON.parse(await answer.text());
      return manifests.map(({ digest }: { digest: string }) => digest);
    };
    assert.deepEqual(await listed(image.manifest.digest), [sbom.manifest.digest]);
    assert.deepEqual(await listed(sbom.manifest.digest), [signature.manifest.digest]);
  });

  it('an index goes whole; of one in part, the image that is there', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const index = await sampleIndex();
    const [amd64, arm64] = index.images;
    assert.ok(amd64 && arm64);
    const whole: Archived = {
      image: {
        manifest: index.manifest,
        blobs: [amd64, arm64].flatMap(({ manifest, blobs }) => [manifest, ...blobs]),
      },
      names: ['docker.io/library/multi:1'],
    };
    await archive(folder, [whole]);
    await loadTo(folder, registry);
    await using remote = remoteAt(registry.address, { repository: 'multi' });
    assert.equal((await remote.resolve('1')).digest, index.manifest.digest);
    for (const [name, image] of Object.entries({ amd64, arm64 })) {
      const part = { manifest: index.manifest, blobs: [image.manifest, ...image.blobs] };
      await archive(folder, [{ image: part, names: [`docker.io/library/${name}:1`] }]);
      const loaded = await loadTo(folder, registry);
      assert.deepEqual(textOf(loaded), [[image.imageId, `${registry.address}/${name}:1`]]);
      await using other = remoteAt(registry.address, { repository: name });
      assert.equal((await other.resolve('1')).digest, image.manifest.digest);
    }
  });

  it('an archive of differences: the registry has the rest, or nothing is sent', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const image = await sampleImage();
    const [config, base, ...rest] = image.blobs;
    assert.ok(config && base);
    const part = { manifest: image.manifest, blobs: [config, ...rest] };
    await archive(folder, [{ image: part, names: ['docker.io/library/a:2'] }]);
    await assert.rejects(loadTo(folder, registry), (error) => {
      assert.ok(error instanceof Error && 'code' in error && 'detail' in error);
      assert.equal(error.code, 'ARCHIVE_INCOMPLETE');
      assert.deepEqual(error.detail, { missing: [base.digest] });
      return true;
    });
    assert.deepEqual(registry.store.catalog('registry'), []);
    await using other = remoteAt(registry.address, { repository: 'other' });
    const earlier = await sampleImage();
    const with_ = { ...earlier, blobs: [...earlier.blobs, base] };
    await putImage(other, with_, '1');
    await loadTo(folder, registry);
    await using remote = remoteAt(registry.address, { repository: 'a' });
    assert.deepEqual(await collect(remote.blobs.read(base.digest)), Buffer.from(base.bytes));
  });

  it('two images for one name: NAME_CONFLICT, nothing is sent', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const names = ['docker.io/team/a:1', 'ghcr.io/team/a:1'];
    const images = [await sampleImage(), await sampleImage()];
    await archive(
      folder,
      images.map((image, i) => ({ image, names: [names[i] ?? ''] })),
    );
    await assert.rejects(loadTo(folder, registry), { code: 'NAME_CONFLICT' });
    assert.deepEqual(registry.store.catalog('registry'), []);
    await loadTo(folder, registry, 'm', ['docker.io=hub']);
    assert.deepEqual(registry.store.catalog('registry'), ['m/hub/team/a', 'm/team/a']);
  });

  it('an image without a name: left out with a note; alone: IMAGE_UNKNOWN', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const [named, nameless] = [await sampleImage(), await sampleImage()];
    await archive(folder, [
      { image: nameless, names: [] },
      { image: named, names: ['docker.io/library/a:1'] },
    ]);
    const events: Event[] = [];
    const loaded = await loadTo(folder, registry, '', [], events);
    assert.deepEqual(textOf(loaded), [[named.imageId, `${registry.address}/a:1`]]);
    assert.deepEqual(
      events.filter(({ kind }) => kind === 'note'),
      [
        {
          kind: 'note',
          level: 'warning',
          text: `${nameless.manifest.digest} has no name and was left out`,
        },
      ],
    );
    await archive(folder, [{ image: nameless, names: [] }]);
    await assert.rejects(loadTo(folder, registry), { code: 'IMAGE_UNKNOWN' });
  });

  it('a damaged blob: DIGEST_MISMATCH, no name', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const image = await sampleImage();
    const blobs = image.blobs.map(({ digest, bytes }, i) => ({
      digest,
      bytes: i === 1 ? Buffer.alloc(bytes.length, 7) : bytes,
    }));
    const damaged = { manifest: image.manifest, blobs };
    await archive(folder, [{ image: damaged, names: ['docker.io/library/a:1'] }]);
    await assert.rejects(loadTo(folder, registry), { code: 'DIGEST_MISMATCH' });
    assert.deepEqual(registry.store.catalog('registry'), []);
  });
});

interface Archived {
  readonly image: Pick<SampleImage, 'manifest' | 'blobs'>;
  readonly names: readonly string[];
}

/** An OCI layout as a tar, with no more in it than said. */
async function archive(folder: TempFolder, images: readonly Archived[]): Promise<void> {
  const files: Record<string, Uint8Array> = {};
  const manifests = images.flatMap(({ image: { manifest, blobs }, names }) => {
    for (const { digest, bytes } of [manifest, ...blobs]) {
      files[`blobs/sha256/${digest.slice(7)}`] = bytes;
    }
    const { mediaType, digest, bytes } = manifest;
    const entry = { mediaType, digest, size: bytes.byteLength };
    if (names.length === 0) return [entry];
    return names.map((name) => ({
      ...entry,
      annotations: { 'io.containerd.image.name': name },
    }));
  });
  files['index.json'] = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(folder.at('x.tar'), await sampleTar(files));
}

/** An artifact about another manifest. */
function referrer(
  subject: RawManifest,
  artifactType: string,
): { readonly manifest: RawManifest; readonly blobs: readonly SampleBlob[] } {
  const [config, layer] = [Buffer.from('{}'), sampleBlob()];
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: digestOf(config),
        size: config.length,
      },
      layers: [{ mediaType: artifactType, digest: layer.digest, size: layer.bytes.byteLength }],
      subject: {
        mediaType: subject.mediaType,
        digest: subject.digest,
        size: subject.bytes.byteLength,
      },
    }),
  );
  return {
    manifest: rawManifest(bytes),
    blobs: [{ digest: digestOf(config), bytes: config }, layer],
  };
}

async function loadTo(
  folder: TempFolder,
  registry: RegistryUnderTest,
  prefix = '',
  maps: readonly string[] = [],
  events: Event[] = [],
): Promise<readonly LoadedImage[]> {
  await using held = new AsyncDisposableStack();
  const archive = held.use(
    await openArchive(folder.at('x.tar'), { temporary: () => folder.at('plain') }),
  );
  return await loadToRegistry({
    from: archive.repository,
    destination: parseDestination(`registry://${registry.address}/${prefix}`, maps),
    open: async (repository) => held.use(remoteAt(registry.address, { repository })),
    platform,
    limit: pLimit(2),
    events: (event) => void events.push(event),
  });
}

function textOf(loaded: readonly LoadedImage[]): readonly (readonly string[])[] {
  return loaded.map(({ imageId, names }) => [imageId, ...names.map(familiarReference)]);
}
