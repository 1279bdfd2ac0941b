/** Other people's programs that write archives of an image that we saved, each in all its forms. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cannotStartDockerd, type DockerStore } from '#test/helpers/dockerd.ts';
import type { TempFolder } from '#test/helpers/temp-folder.ts';
import type { Archive } from './archives.ts';
import { type Host, hostBehind } from './host.ts';
import { sourceOf } from './readers.ts';
import {
  type OpenTool,
  openCrane,
  openDocker,
  openOras,
  openSkopeo,
  openWithStore,
} from './tools.ts';

/** What a tool made of our archive. */
export interface Writer {
  readonly tool: string;
  unfit(host: Host): Promise<string | undefined>;
  open(host: Host): Promise<OpenTool>;
  readonly writings: readonly Writing[];
}

export interface Writing {
  readonly title: string;
  /** Title of the form of ours that it begins with. */
  readonly from: string;
  /** Names are kept where nothing is said. */
  readonly names?: 'lost' | 'others';
  /** What our load says instead. */
  readonly refusedAs?: RegExp;
  /** Why it cannot be tried here, besides the tool. */
  unfit?(): Promise<string | undefined>;
  /** What the tool says where it cannot: all of its versions, or old ones. */
  readonly cannot?: RegExp;
  /** Gives the path of a tar or a folder. */
  write(tool: OpenTool, ours: Archive, folder: TempFolder): Promise<string>;
}

const GZIP = 'gzip layers, as pulled';
const PLAIN = 'plain layers, as built';
const SEVERAL = 'several images, one with two names';
const INDEX = 'several platforms';
/** containers/image's own folder: neither docker nor OCI, and nothing in it says what it is of. */
const DIR_FOLDER = /skopeo copy dir:/;

export const WRITERS: readonly Writer[] = [
  docker('classic'),
  docker('containerd'),
  {
    tool: 'podman',
    unfit: (host) => host.unfit('podman'),
    open: (host) => openWithStore(host, 'podman'),
    writings: [
      podmanSave('docker-archive', GZIP),
      podmanSave('oci-archive', GZIP),
      podmanSave('oci-archive', PLAIN),
      podmanSave('oci-dir', GZIP),
      refused(podmanSave('docker-dir', GZIP)),
      { ...podmanSave('docker-archive', SEVERAL, '-m'), title: 'save -m' },
    ],
  },
  {
    tool: 'buildah',
    unfit: (host) => host.unfit('buildah'),
    open: (host) => openWithStore(host, 'buildah'),
    writings: [
      buildahPush('docker-archive', GZIP),
      buildahPush('oci-archive', GZIP),
      buildahPush('oci', PLAIN),
      refused(buildahPush('dir', GZIP)),
    ],
  },
  {
    tool: 'skopeo',
    unfit: (host) => host.unfit('skopeo'),
    open: openSkopeo,
    writings: [
      skopeoCopy('docker-archive', GZIP),
      {
        ...skopeoCopy('docker-archive', 'zstd layers'),
        cannot: /zstd compression is not supported for docker images/,
      },
      ...['gzip', 'xz', 'bzip2', 'zstd'].map(packed),
      skopeoCopy('oci-archive', GZIP),
      skopeoCopy('oci-archive', 'zstd layers'),
      skopeoCopy('oci', PLAIN),
      skopeoCopy('oci-archive', INDEX, '--all'),
      skopeoCopy('oci', GZIP, '--dest-compress-format', 'zstd', '--dest-compress-level', '1'),
      refused(skopeoCopy('dir', GZIP)),
    ],
  },
  {
    tool: 'crane',
    unfit: (host) => host.unfit('crane'),
    open: openCrane,
    writings: [cranePull('tarball'), cranePull('legacy'), { ...cranePull('oci'), names: 'lost' }],
  },
  {
    tool: 'oras',
    unfit: (host) => host.unfit('oras'),
    open: openOras,
    writings: [orasCopy(GZIP), orasCopy(INDEX)],
  },
];

function refused(writing: Writing): Writing {
  const title = `${writing.title}: refused, with the way out`;
  return { ...writing, title, refusedAs: DIR_FOLDER };
}

function docker(store: DockerStore): Writer {
  const save = (title: string, from: string, more: Partial<Writing> = {}): Writing => ({
    title,
    from,
    async write(tool, ours, folder) {
      await tool.run('load', '-i', ours.path);
      const path = folder.at('theirs.tar');
      const names = ours.images.flatMap((image) =>
        image.names.length > 0 ? image.names : [store === 'classic' ? image.imageId : image.top],
      );
      await tool.run('save', '-o', path, ...names);
      return path;
    },
    ...more,
  });
  return {
    tool: `docker (${store} store)`,
    unfit: (host) => cannotStartDockerd(host, store),
    open: (host) => openDocker(host, store),
    writings: [
      save('save', GZIP),
      save('save of several', SEVERAL),
      save('save by ID', 'by ID, without a name'),
      save('save of several platforms', INDEX),
      save('save of no layers', 'no layers', { cannot: /empty export - not implemented/ }),
    ],
  };
}

function podmanSave(format: string, from: string, ...options: readonly string[]): Writing {
  return {
    title: `save --format ${format} (${from})`,
    from,
    async write(tool, ours, folder) {
      await tool.run('load', '-i', ours.path);
      const path = folder.at('theirs');
      const names = ours.images.flatMap((image) => image.names);
      await tool.run('save', '-q', '--format', format, ...options, '-o', path, ...names);
      return path;
    },
  };
}

function buildahPush(form: string, from: string): Writing {
  return {
    title: `push ${form}: (${from})`,
    from,
    async write(tool, ours, folder) {
      const [image] = ours.images;
      if (!image) throw new Error('an archive of the tests has an image');
      // From the other format it would be converted, and be another image.
      const format = form.startsWith('oci') ? 'oci-archive' : 'docker-archive';
      const id = await tool.run('pull', '-q', sourceOf(format, ours, image));
      return await target(form, { folder, image: image.names[0] }, (to) =>
        tool.run('push', '-q', id, to),
      );
    },
  };
}

function skopeoCopy(form: string, from: string, ...options: readonly string[]): Writing {
  return {
    title: ['copy', ...options, `${form}: (${from})`].join(' '),
    from,
    async write(tool, ours, folder) {
      const [image] = ours.images;
      if (!image) throw new Error('an archive of the tests has an image');
      const source = sourceOf('oci-archive', ours, image);
      return await target(form, { folder, image: image.names[0] }, (to) =>
        tool.run('copy', ...options, source, to),
      );
    },
  };
}

/** As people pipe it; the name of the file says nothing. */
function packed(program: string): Writing {
  const plain = skopeoCopy('docker-archive', GZIP);
  return {
    ...plain,
    title: `copy docker-archive: | ${program}`,
    unfit: () => hostBehind().unfit(program),
    async write(tool, ours, folder) {
      const path = await plain.write(tool, ours, folder);
      const bytes = execFileSync(program, ['-c', path], { maxBuffer: 2 ** 26, stdio: 'pipe' });
      writeFileSync(path, bytes);
      return path;
    },
  };
}

/** `form:path:name` as containers/image names it; gives the path. */
async function target(
  form: string,
  { folder, image }: { readonly folder: TempFolder; readonly image: string | undefined },
  write: (to: string) => Promise<string>,
): Promise<string> {
  const path = folder.at('theirs');
  await write(
    form === 'dir' || image === undefined ? `${form}:${path}` : `${form}:${path}:${image}`,
  );
  return path;
}

function cranePull(format: string): Writing {
  return {
    title: `pull --format ${format}`,
    from: GZIP,
    // Those of the registry that it pulls from.
    names: 'others',
    async write(tool, ours, folder) {
      const [name = ''] = ours.images[0]?.names ?? [];
      const remote = name.replace('localhost', tool.registry ?? '');
      await tool.run('push', ours.path, remote);
      const path = folder.at('theirs');
      await tool.run('pull', '--format', format, remote, path);
      return path;
    },
  };
}

function orasCopy(from: string): Writing {
  return {
    title: `cp --to-oci-layout (${from})`,
    from,
    async write(tool, ours, folder) {
      const tag = ours.images[0]?.names[0]?.split(':')[1];
      const path = folder.at('theirs');
      const layout = [
        '--from-oci-layout',
        `${ours.path}:${tag}`,
        '--to-oci-layout',
        `${path}:${tag}`,
      ];
      await tool.run('cp', ...layout);
      return path;
    },
  };
}
