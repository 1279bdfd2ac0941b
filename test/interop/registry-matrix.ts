/** Push and pull between us and other tools, over each registry: a test for each pair. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Digest } from '#core/digest.ts';
import { decodeManifest } from '#core/manifest.ts';
import { OCI_LAYER_GZIP } from '#core/media-type.ts';
import { slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { cannotStartDockerd } from '#test/helpers/dockerd.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import type { Host } from './host.ts';
import { type OpenTool, openDocker, openSkopeo, openWithStore } from './tools.ts';

interface OpenRegistry extends AsyncDisposable {
  readonly address: string;
}

interface RegistryKind {
  readonly title: string;
  readonly unfit: (host: Host) => Promise<string | undefined>;
  readonly open: () => Promise<OpenRegistry>;
}

const REGISTRIES: readonly RegistryKind[] = [
  { title: 'our server', unfit: async () => undefined, open: temporaryRegistry },
  {
    title: 'docker-registry',
    unfit: (host) => host.unfit('docker-registry'),
    open: () => startDockerRegistry(),
  },
];

interface Client {
  readonly title: string;
  readonly unfit: (host: Host) => Promise<string | undefined>;
  readonly open: (host: Host) => Promise<OpenTool>;
  /** Pulls `from`, and gives the config's digest as the tool has it then. */
  readonly pull: (tool: OpenTool, from: string, folder: TempFolder) => Promise<string>;
  /** Pushes what {@link pull} got under another name. */
  readonly push: (
    tool: OpenTool,
    names: { readonly from: string; readonly to: string },
    folder: TempFolder,
  ) => Promise<void>;
}

const podmanLike = (program: 'podman' | 'buildah'): Client => ({
  title: program,
  unfit: (host) => host.unfit(program),
  open: (host) => openWithStore(host, program),
  pull: async ({ run }, from) => {
    await run('pull', '--tls-verify=false', from);
    const [id = ''] = (await run('images', '--no-trunc', '--quiet', from)).split('\n');
    return id;
  },
  push: async ({ run }, { from, to }) => {
    await run('push', '--tls-verify=false', from, `docker://${to}`);
  },
});

const CLIENTS: readonly Client[] = [
  {
    title: 'docker',
    unfit: (host) => cannotStartDockerd(host, 'classic'),
    open: (host) => openDocker(host, 'classic'),
    pull: async ({ run }, from) => {
      await run('pull', from);
      return await run('image', 'inspect', '--format', '{{.Id}}', from);
    },
    push: async ({ run }, { from, to }) => {
      await run('tag', from, to);
      await run('push', to);
    },
  },
  podmanLike('podman'),
  podmanLike('buildah'),
  {
    title: 'skopeo',
    unfit: (host) => host.unfit('skopeo'),
    open: openSkopeo,
    pull: async ({ run }, from, folder) => {
      await run('copy', '--src-tls-verify=false', `docker://${from}`, `dir:${folder.at('image')}`);
      const raw = await run('inspect', '--raw', `dir:${folder.at('image')}`);
      return String(JSON.parse(raw).config.digest);
    },
    push: async ({ run }, { to }, folder) => {
      await run('copy', '--dest-tls-verify=false', `dir:${folder.at('image')}`, `docker://${to}`);
    },
  },
];

export function testRegistryMatrix(host: Host): void {
  for (const kind of REGISTRIES) {
    describe(`over ${kind.title}`, () => {
      for (const client of CLIENTS) {
        it(`${client.title} pulls what we pushed, and we pull what it pushed`, async (t) => {
          const unfit = (await kind.unfit(host)) ?? (await client.unfit(host));
          if (unfit !== undefined) return t.skip(unfit);
          await using registry = await kind.open();
          await using tool = await client.open(host);
          await thereAndBack(client, tool, registry.address);
        });
      }
    });
  }
}

async function thereAndBack(client: Client, tool: OpenTool, address: string): Promise<void> {
  await using place = await temporaryStore();
  await using other = await temporaryStore();
  using folder = tempFolder();
  const image = await sampleImage({ layers: 3, fileSize: 50_000 });
  const ours = `${address}/test/app:ours`;
  await storeImage(place.store, image, ours);
  await run(['push', ours], place.root);
  const pushed = await layersAt(address, 'ours');
  assert.equal(pushed.config, image.imageId);

  const found = await client.pull(tool, ours, folder);
  assert.equal(found.replace(/^sha256:/, ''), image.imageId.replace(/^sha256:/, ''));

  const theirs = `${address}/test/app:theirs`;
  await client.push(tool, { from: ours, to: theirs }, folder);
  const returned = await layersAt(address, 'theirs');
  assert.deepEqual(returned.config, image.imageId);
  await run(['pull', theirs], other.root);
  const shown = await run(
    ['inspect', '--format', '{{.Id}} {{json .RootFS.Layers}}', theirs],
    other.root,
  );
  const diffIds = image.layers.map(({ diffId }) => diffId);
  assert.equal(shown.trim(), `${image.imageId} ${JSON.stringify(diffIds)}`);
  // Layers that the registry had were not made anew by the other one: equal where it mounts or copies.
  if (client.title === 'skopeo') assert.deepEqual(returned.layers, pushed.layers);
}

async function layersAt(
  address: string,
  tag: string,
): Promise<{ readonly config: Digest; readonly layers: readonly Digest[] }> {
  await using remote = remoteAt(address);
  const manifest = decodeManifest(await remote.getManifest(tag));
  assert.ok(manifest.kind === 'image');
  if (tag === 'ours') {
    assert.ok(manifest.layers.every(({ mediaType }) => mediaType === OCI_LAYER_GZIP));
  }
  return {
    config: manifest.config.digest,
    layers: manifest.layers.map(({ digest }) => digest),
  };
}

async function run(argv: readonly string[], root: string): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(argv, { root });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}
