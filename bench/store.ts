/**
 * What do df, gc and prune cost on a store of 10,000 blobs, and what would it cost anybody to look
 * at that many files: `du` and `find` on the same folder.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '#core/digest.ts';
import { encodeImageConfig } from '#core/image-config.ts';
import { encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_LAYER } from '#core/media-type.ts';
import type { BlobStore } from '#core/repository.ts';
import { LocalStore } from '#store/local-store.ts';
import { measure, table } from './measure.ts';
import { run, SLIPWAY } from './programs.ts';

const IMAGES = 2000;
const LAYERS = 3;
const BLOBS = IMAGES * (LAYERS + 2);

export async function storeCare(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    await fill(root);
    const slipway = (...argv: readonly string[]) => run(SLIPWAY, ['--root', root, ...argv]);
    const floor = 'find -printf %s';
    const timings = await measure([
      { name: floor, run: () => run('find', [root, '-type', 'f', '-printf', '%s\n']) },
      { name: 'du -sb', run: () => run('du', ['-sb', root]) },
      { name: 'node -e 0', run: () => run(process.execPath, ['-e', '0']) },
      { name: 'slipway system df', run: () => slipway('system', 'df') },
      { name: 'slipway system gc', run: () => slipway('system', 'gc') },
      { name: 'slipway system gc --dry-run', run: () => slipway('system', 'gc', '--dry-run') },
    ]);
    const sum = execFileSync('du', ['-sb', root], { encoding: 'utf8' }).split('\t')[0];
    return `${BLOBS} blobs of ${IMAGES} images, ${sum} bytes:\n\n${table(timings, floor)}`;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Images of small layers of their own. */
async function fill(root: string): Promise<void> {
  await using store = await LocalStore.open({ root });
  await using lease = await store.lease({ purpose: 'bench' });
  const name = 'docker.io/library/app';
  const repository = store.repository({ space: 'images', name, lease });
  for (let image = 0; image < IMAGES; image += 1) {
    const layers = [];
    for (let i = 0; i < LAYERS; i += 1) {
      const bytes = randomBytes(1000);
      layers.push({ mediaType: OCI_LAYER, ...(await put(repository.blobs, bytes)) });
    }
    const config = encodeImageConfig({
      created: '2026-01-02T03:04:05Z',
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      history: [],
    });
    const descriptor = { mediaType: OCI_CONFIG, ...(await put(repository.blobs, config)) };
    const manifest = encodeImageManifest({ config: descriptor, layers });
    await repository.putManifest(manifest, { tag: `${image}` });
  }
}

async function put(blobs: BlobStore, bytes: Uint8Array) {
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  await using ingest = await blobs.ingest(blob);
  await ingest.write(bytes);
  return await ingest.commit(blob);
}
