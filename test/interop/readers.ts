/** Other people's programs that read what we save, each with what it then knows of the images. */
import { readFileSync } from 'node:fs';
import { digestOf } from '#core/digest.ts';
import { decodeLayoutIndex, refNameOf } from '#store/layout-index.ts';
import { cannotStartDockerd, type DockerStore } from '#test/helpers/dockerd.ts';
import type { TempFolder } from '#test/helpers/temp-folder.ts';
import type { Archive, ArchivedImage } from './archives.ts';
import type { Host } from './host.ts';
import { openDocker, openSkopeo, openWithStore } from './tools.ts';

/** An image as a reader shows it; what a reader does not show is absent. */
export interface Seen {
  readonly imageId?: string;
  readonly names?: readonly string[];
  /** Of the manifest; of the index where the reader keeps it. */
  readonly digest?: string;
}

export interface Reader {
  readonly title: string;
  /** What it calls an image: the digest of its config, or of its manifest or index. */
  readonly identity: 'config' | 'top';
  /** Which digest it shows of the images of an archive. */
  readonly digestOf?: (archive: Archive) => 'manifest' | 'top' | undefined;
  unfit(host: Host): Promise<string | undefined>;
  open(host: Host): Promise<OpenReader>;
}

/** Disposing removes all it has read. */
export interface OpenReader extends AsyncDisposable {
  read(archive: Archive, folder: TempFolder): Promise<readonly Seen[]>;
  /** What a command in a container of the image prints, where it has containers. */
  runs?(image: string, command: readonly string[]): Promise<string>;
}

export const READERS: readonly Reader[] = [
  docker('classic'),
  docker('containerd'),
  {
    title: 'podman load',
    identity: 'config',
    // Where there is more than the image it reads the archive as docker's, which has no manifests.
    digestOf: ({ isAlone }) => (isAlone ? 'top' : undefined),
    unfit: (host) => host.unfit('podman'),
    open: openPodman,
  },
  ...(['docker-archive', 'oci-archive'] as const).map(buildah),
  skopeo('docker-archive'),
  skopeo('oci-archive', '--preserve-digests'),
  skopeo('oci-archive', '--preserve-digests', '--all'),
  {
    title: 'crane validate --tarball',
    identity: 'config',
    unfit: (host) => host.unfit('crane'),
    open: async (host) => ({
      async read({ path, images }) {
        await host.run('crane', 'validate', '--tarball', path);
        return images.map(() => ({}));
      },
      [Symbol.asyncDispose]: async () => {},
    }),
  },
  {
    title: 'oras cp --from-oci-layout',
    identity: 'config',
    digestOf: () => 'top',
    unfit: (host) => host.unfit('oras'),
    open: async (host) => ({
      read: (archive, folder) =>
        eachOf(archive, async (image, i) => {
          const tag = image.names[0]?.split(':')[1];
          const from = archive.path + (tag === undefined ? `@${image.top}` : `:${tag}`);
          const to = folder.at(`out${i}`);
          await host.run('oras', 'cp', '--from-oci-layout', from, '--to-oci-layout', `${to}:out`);
          const index = decodeLayoutIndex(readFileSync(`${to}/index.json`), to);
          const digest = index.find((entry) => refNameOf(entry) === 'out')?.digest;
          return digest ? { digest } : {};
        }),
      [Symbol.asyncDispose]: async () => {},
    }),
  },
];

function docker(store: DockerStore): Reader {
  return {
    title: `docker load (${store} store)`,
    identity: store === 'classic' ? 'config' : 'top',
    unfit: (host) => cannotStartDockerd(host, store),
    async open(host) {
      const dockerd = await openDocker(host, store);
      const { run } = dockerd;
      return {
        async read({ path }) {
          const before = await run('images', '-aq', '--no-trunc');
          const ids = [...new Set(before.split('\n').filter(Boolean))];
          if (ids.length > 0) await run('rmi', '-f', ...ids);
          await run('load', '-i', path);
          const format = '{{.ID}} {{.Repository}}:{{.Tag}}';
          const images = listed(await run('images', '-a', '--no-trunc', '--format', format));
          // Where manifests are kept, a signature found by its tag is listed like an image.
          return store === 'classic' ? images : images.filter((image) => !isSignature(image));
        },
        runs: (image, command) => run('run', '--rm', '--network', 'none', image, ...command),
        [Symbol.asyncDispose]: () => dockerd[Symbol.asyncDispose](),
      };
    },
  };
}

function isSignature({ names = [] }: Seen): boolean {
  return names.length > 0 && names.every((name) => name.endsWith('.sig'));
}

async function openPodman(host: Host): Promise<OpenReader> {
  const tool = await openWithStore(host, 'podman');
  const podman = tool.run;
  // crun does not start where cgroups of both versions are mounted; runc does.
  const runtime = (await host.unfit('runc')) === undefined ? ['--runtime', 'runc'] : [];
  return {
    async read({ path }) {
      await podman('rmi', '--all', '--force');
      await podman('load', '-i', path);
      const format = '{{.ID}} {{.Repository}}:{{.Tag}} {{.Digest}}';
      return listed(await podman('images', '-a', '--no-trunc', '--format', format));
    },
    runs: (image, command) =>
      podman('run', '--rm', '--network', 'none', ...runtime, ...LIMITS, image, ...command),
    [Symbol.asyncDispose]: () => tool[Symbol.asyncDispose](),
  };
}

/** It asks for more than machines with few rights allow. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

function buildah(format: 'docker-archive' | 'oci-archive'): Reader {
  return {
    title: `buildah pull ${format}:`,
    identity: 'config',
    ...(format === 'oci-archive' ? { digestOf: () => 'manifest' as const } : {}),
    unfit: (host) => host.unfit('buildah'),
    async open(host) {
      const tool = await openWithStore(host, 'buildah');
      const { run } = tool;
      return {
        read: (archive) =>
          eachOf(archive, async (image) => {
            const imageId = await run('pull', '-q', sourceOf(format, archive, image));
            const show = ['inspect', '--type', 'image', '--format', '{{.FromImageDigest}}'];
            const digest = format === 'oci-archive' ? { digest: await run(...show, imageId) } : {};
            return { imageId: `sha256:${imageId}`, ...digest };
          }),
        [Symbol.asyncDispose]: () => tool[Symbol.asyncDispose](),
      };
    },
  };
}

function skopeo(format: 'docker-archive' | 'oci-archive', ...options: readonly string[]): Reader {
  const isIndex = options.includes('--all');
  return {
    title: ['skopeo copy', ...options, `${format}:`].join(' '),
    identity: 'config',
    ...(format === 'oci-archive' ? { digestOf: () => (isIndex ? 'top' : 'manifest') } : {}),
    unfit: (host) => host.unfit('skopeo'),
    open: async (host) => {
      const tool = await openSkopeo(host);
      return {
        read: (archive, folder) =>
          eachOf(archive, async (image, i) => {
            const target = folder.at(`out${i}`);
            const source = sourceOf(format, archive, image);
            await tool.run('copy', ...options, source, `dir:${target}`);
            const bytes = readFileSync(`${target}/manifest.json`);
            const { config } = JSON.parse(bytes.toString());
            return {
              ...(config ? { imageId: config.digest } : {}),
              ...(format === 'oci-archive' ? { digest: digestOf(bytes) } : {}),
            };
          }),
        [Symbol.asyncDispose]: () => tool[Symbol.asyncDispose](),
      };
    },
  };
}

/** How containers/image names one image of an archive. */
export function sourceOf(format: string, archive: Archive, { names }: ArchivedImage): string {
  const [name] = names;
  if (name === undefined) return `${format}:${archive.path}`;
  return `${format}:${archive.path}:${format === 'docker-archive' ? name : name.split(':')[1]}`;
}

async function eachOf(
  { images }: Archive,
  read: (image: ArchivedImage, i: number) => Promise<Seen>,
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const [i, image] of images.entries()) seen.push(await read(image, i));
  return seen;
}

/** Lines of `ID NAME [DIGEST]`, one image's together. */
function listed(text: string): readonly Seen[] {
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '));
  return [...Map.groupBy(lines, ([id]) => id).values()].map((group) => {
    const [[imageId, , digest] = []] = group;
    const names = group.flatMap(([, name = '']) => (name.includes('<none>') ? [] : [name])).sort();
    return { ...(imageId ? { imageId } : {}), names, ...(digest ? { digest } : {}) };
  });
}
