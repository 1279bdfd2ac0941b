/**
 * A hundred layers become one root: their indexes are merged into one image, and the kernel mounts it
 * with the hundred tars as devices. Against what the start of the mounting program costs by itself.
 * Needs root, for the mount.
 */
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexTar } from '#layer/index-tar.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { mergedImage } from '#layer/merged-image.ts';
import { measure, table } from './measure.ts';
import { run } from './programs.ts';
import { writeTar } from './sample-tars.ts';

const LAYERS = 100;

export async function mergeLayers(): Promise<string> {
  if (process.getuid?.() !== 0) return 'Skipped: mounting needs root.\n';
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const layers = await makeLayers(folder);
    const [image, target] = [join(folder, 'image'), join(folder, 'target')];
    mkdirSync(target);
    writeFileSync(image, mergedImage(layers));
    const devices = layers.map((_, i) => `device=${i}.tar`).join(',');
    const inNamespace = (command: string): Promise<void> =>
      run('unshare', ['--mount', 'sh', '-c', `cd ${folder} && ${command}`]);
    const timings = await measure([
      { name: 'nothing mounted', run: () => inNamespace('mount --version') },
      {
        name: 'mount',
        run: () => inNamespace(`mount -t erofs -o ro,${devices} ${image} ${target}`),
      },
      {
        name: 'merge',
        run: () => void mergedImage(layers),
      },
      {
        name: 'merge, write, mount',
        run: async () => {
          writeFileSync(image, mergedImage(layers));
          await inNamespace(`mount -t erofs -o ro,${devices} ${image} ${target}`);
        },
      },
    ]);
    return `${LAYERS} layers of 101 entries.\n\n${table(timings, 'nothing mounted')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeLayers(folder: string): Promise<LayerFiles[]> {
  const layers: LayerFiles[] = [];
  for (let i = 0; i < LAYERS; i++) {
    const tar = join(folder, `${i}.tar`);
    await writeTar(tar, { folders: 1, filesEach: 100, bytesEach: 600, prefix: `layer-${i}` });
    const { index, diffId } = await indexTar(createReadStream(tar));
    writeFileSync(join(folder, `${i}.erofs`), index);
    layers.push({ diffId, tar, index: join(folder, `${i}.erofs`) });
  }
  return layers;
}
