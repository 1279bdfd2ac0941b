/** `--output type=oci` and `type=docker`: the image as one tar of both kinds, or as a layout folder. */
import type { BuildOutput, ImageFormat } from '#core/build-output.ts';
import { descriptorOf } from '#core/manifest.ts';
import type { Repository } from '#core/repository.ts';
import { compressLayers } from '#image/compress.ts';
import { copyImage } from '#image/copy.ts';
import { writeArchive } from '#image/save.ts';
import { lookUp, planArchive } from '#store/archive-plan.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { OciLayout } from '#store/oci-layout.ts';
import type { BuildSession } from '../session.ts';
import type { Vertex } from '../vertex.ts';
import type { BuiltImage, OutputContext } from './output.ts';

type ArchiveOutput = Extract<BuildOutput, { readonly kind: 'archive' }>;
type LayoutOutput = Extract<BuildOutput, { readonly kind: 'layout' }>;

export async function writeArchiveOutput(
  session: BuildSession,
  output: ArchiveOutput,
  context: OutputContext,
): Promise<BuiltImage> {
  return await session.vertices.run(nameOf(output.format), async (vertex) => {
    const { built, repository } = await prepared(session, output.format, { context, vertex });
    const { names } = context;
    const selector = built.manifest.digest;
    const tree = await lookUp({ from: repository, selector, names }, session.signal);
    const plan = planArchive({ images: [tree], show: () => built.manifest });
    await writeArchive(plan, { output: output.destination, signal: session.signal });
    vertex.status(`sending tarball: ${plan.sizeBytes}B`, { done: true });
    return built;
  });
}

export async function writeLayoutOutput(
  session: BuildSession,
  output: LayoutOutput,
  context: OutputContext,
): Promise<BuiltImage> {
  return await session.vertices.run(nameOf(output.format), async (vertex) => {
    const { built, repository } = await prepared(session, output.format, { context, vertex });
    const layout = await OciLayout.open(output.destination, { create: true });
    const tags = context.names.flatMap(({ tag }) => tag ?? []);
    for (const tag of tags.length > 0 ? new Set(tags) : [undefined]) {
      await copyImage({
        from: repository,
        selector: built.manifest.digest,
        to: layout,
        ...(tag === undefined ? {} : { tag }),
        direction: 'load',
        limit: session.transfers,
        signal: session.signal,
      });
    }
    vertex.status(`copying to ${output.destination}`, { done: true });
    return built;
  });
}

function nameOf({ docker }: ImageFormat): string {
  return `exporting to ${docker ? 'docker' : 'oci'} image format`;
}

/** The image as it leaves the store: in a repository of its own over the store's blobs. */
async function prepared(
  session: BuildSession,
  format: ImageFormat,
  { context, vertex }: { readonly context: OutputContext; readonly vertex: Vertex },
): Promise<{ readonly built: BuiltImage; readonly repository: Repository }> {
  const { store, lease, signal, transfers: limit } = session;
  const { imageId, manifest } = await context.make(format.docker);
  const plain = new MemoryRepository({ blobs: store.blobs(lease) });
  await plain.putManifest(manifest);
  vertex.status(`exporting config ${imageId}`, { done: true });
  if (format.compression === 'none') {
    return { built: { imageId, manifest: descriptorOf(manifest) }, repository: plain };
  }
  const { repository, manifest: root } = await compressLayers({
    store,
    lease,
    from: plain,
    selector: manifest.digest,
    limit,
    signal,
  });
  vertex.status(`exporting manifest ${root.digest}`, { done: true });
  return { built: { imageId, manifest: root }, repository };
}
