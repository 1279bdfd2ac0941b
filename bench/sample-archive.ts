/** An image of this machine's own files, as an archive: for questions about moving images. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '#core/digest.ts';

export interface SampleArchive {
  /** Repository and tag. */
  readonly name: string;
  readonly layers: number;
  /** Of each, about. */
  readonly layerBytes: number;
}

/** A docker-archive, the form that every tool reads; gives its path. @throws where this machine has too few files */
export function makeArchive(folder: string, sample: SampleArchive): string {
  const place = join(folder, 'archive');
  mkdirSync(place);
  const layers = layerLists(sample).map((paths, i) => {
    const name = `layer-${i}.tar`;
    writeFileSync(join(folder, 'list'), paths.join('\n'));
    const list = ['--no-recursion', '-T', join(folder, 'list')];
    tar(['-C', '/', '-cf', join(place, name), ...list]);
    return name;
  });
  const diff_ids = layers.map((name) => digestOf(readFileSync(join(place, name))));
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids },
    history: layers.map((name) => ({ created_by: name })),
  };
  writeFileSync(join(place, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [sample.name], Layers: layers }];
  writeFileSync(join(place, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'image.tar');
  tar(['-C', place, '-cf', archive, 'manifest.json', 'config.json', ...layers]);
  // Once more through the page cache, as a file that was just copied here.
  copyFileSync(archive, `${archive}.warm`);
  rmSync(`${archive}.warm`);
  rmSync(place, { recursive: true });
  return archive;
}

/** Files of this machine, in five lists of about the same size. */
function layerLists({ layers, layerBytes }: SampleArchive): readonly (readonly string[])[] {
  const lists: string[][] = [];
  let current: string[] = [];
  let size = 0;
  for (const path of globSync('usr/{lib,share,bin}/**', { cwd: '/' }).sort()) {
    const stats = lstatSync(`/${path}`, { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size > layerBytes / 2 || path.includes('\n')) continue;
    current.push(path);
    size += stats.size;
    if (size < layerBytes) continue;
    lists.push(current);
    if (lists.length === layers) return lists;
    current = [];
    size = 0;
  }
  throw new Error('this machine has too few files for the image');
}

function tar(args: readonly string[]): void {
  const { status, stderr } = spawnSync('tar', [...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
}
