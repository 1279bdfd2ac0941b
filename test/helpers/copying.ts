/** An engine and registries of a test's own, with images that are signed in all customs. */

import type { RawManifest, Repository } from '#core/repository.ts';
import { type Engine, openEngine } from '#engine.ts';
import { companionTag, putCompanion, sampleReferrer, sampleSignature } from './companions.ts';
import { HELPER } from './engine.ts';
import { putIndex, type SampleIndex, sampleIndex } from './images.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

export interface Copier extends AsyncDisposable {
  readonly engine: Engine;
  readonly folder: TempFolder;
}

export async function copier(): Promise<Copier> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(tempFolder());
  const engine = stack.use(
    await openEngine({
      root: folder.at('store'),
      helper: HELPER,
      snapshotter: 'auto',
      parallelTransfers: 3,
      retry: { count: 2, delayMs: 0 },
    }),
  );
  return { engine, folder, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export interface SignedIndex extends SampleIndex {
  /** Everything that is copied, by digest; the index is the first. */
  readonly manifests: readonly RawManifest[];
  /** cosign's. */
  readonly signatureTag: string;
  /** The SBOM's of the second image, which is signed itself. */
  readonly sbom: RawManifest;
}

/** Two platforms; the index signed by tag, an image with an SBOM, and the SBOM signed. */
export async function putSignedIndex(
  repository: Repository,
  ...tags: readonly string[]
): Promise<SignedIndex> {
  const index = await sampleIndex();
  for (const tag of tags) await putIndex(repository, index, tag);
  const second = index.images[1]?.manifest;
  if (!second) throw new Error('two platforms');
  const sbom = sampleReferrer(second);
  const ofSbom = sampleReferrer(sbom.manifest);
  const signature = sampleSignature();
  const signatureTag = companionTag(index.manifest.digest, '.sig');
  await putCompanion(repository, sbom);
  await putCompanion(repository, ofSbom);
  await putCompanion(repository, signature, signatureTag);
  const images = index.images.map(({ manifest }) => manifest);
  const companions = [sbom, ofSbom, signature].map(({ manifest }) => manifest);
  return {
    ...index,
    manifests: [index.manifest, ...images, ...companions],
    signatureTag,
    sbom: sbom.manifest,
  };
}
