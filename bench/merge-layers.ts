/**
 * A hundred layers become one root: their indexes are merged into one image, the kernel mounts it with
 * the hundred tars as devices, and a program runs on it. Against the same program on one folder.
 * Needs root and the native programs.
 */
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RootfsLower } from '#core/runtime-spec.ts';
import { indexTar } from '#layer/index-tar.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { mergedImage } from '#layer/merged-image.ts';
import { Launcher } from '#runtime/launcher.ts';
import { initFolder, runAt, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { measure, table } from './measure.ts';
import { writeTar } from './sample-tars.ts';

const LAYERS = 100;

export async function mergeLayers(): Promise<string> {
  if (process.getuid?.() !== 0) return 'Skipped: mounting needs root.\n';
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  try {
    const layers = await makeLayers(folder);
    const init: RootfsLower = { kind: 'folder', path: initFolder(join(folder, 'init')) };
    let count = 0;
    const runOn = async (lowers: readonly RootfsLower[]): Promise<void> => {
      const place = join(folder, `run-${count++}`);
      mkdirSync(place);
      await runAt(launcher, site(place, lowers), { args: ['/init', 'true'] });
    };
    // A file of its own each time: the helper keeps what it has mounted.
    const write = (): RootfsLower => {
      const image = join(folder, `image-${count++}`);
      writeFileSync(image, mergedImage(layers));
      return { kind: 'erofs', image, devices: layers.map(({ tar }) => tar), backing: 'file' };
    };
    const timings = await measure([
      { name: 'a folder: run', run: () => runOn([init]) },
      { name: '100 layers: merge', run: () => void mergedImage(layers) },
      { name: '100 layers: merge, write, mount, run', run: () => runOn([write(), init]) },
    ]);
    return `${LAYERS} layers of 101 entries.\n\n${table(timings, 'a folder: run')}`;
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
