/** `--output type=oci` and `type=docker`: the image as one tar of both kinds, or as a layout folder. */
import type { BuildOutput, ImageFormat } from '#core/build-output.ts';
import type { Digest } from '#core/digest.ts';
import { GZIP } from '#core/layer-form.ts';
import { copyImage } from '#image/copy.ts';
import { writeArchive } from '#image/save.ts';
import { selectAnyManifest } from '#image/select.ts';
import { lookUp, planArchive } from '#store/archive-plan.ts';
import { OciLayout } from '#store/oci-layout.ts';
import type { BuildSession } from '../session.ts';
import type { Vertex } from '../vertex.ts';
import type { BuiltImage, OutputContext, PreparedImage } from './output.ts';

type ArchiveOutput = Extract<BuildOutput, { readonly kind: 'archive' }>;
type LayoutOutput = Extract<BuildOutput, { readonly kind: 'layout' }>;

export async function writeArchiveOutput(
  session: BuildSession,
  output: ArchiveOutput,
  context: OutputContext,
): Promise<BuiltImage> {
  return await session.vertices.run(nameOf(output.format), async (vertex) => {
    const made = await prepared(output.format, { context, vertex });
    const { names } = context;
    const { digest: selector, annotations } = made.manifest;
    const said = annotations ? { annotations } : {};
    const at = { from: made.repository, selector, names, ...said };
    const images = [await lookUp(at, session.signal)];
    for (const { digest, subject } of await attested(made, context)) {
      const beside = { from: made.repository, selector: digest, names: [], subject };
      images.push(await lookUp(beside, session.signal));
    }
    const show = (index: Parameters<typeof selectAnyManifest>[0]) =>
      selectAnyManifest(index, session.buildPlatform);
    const plan = planArchive({ images, show });
    await writeArchive(plan, { output: output.destination, signal: session.signal });
    vertex.status(`sending tarball: ${plan.sizeBytes}B`, { done: true });
    return made;
  });
}

export async function writeLayoutOutput(
  session: BuildSession,
  output: LayoutOutput,
  context: OutputContext,
): Promise<BuiltImage> {
  return await session.vertices.run(nameOf(output.format), async (vertex) => {
    const made = await prepared(output.format, { context, vertex });
    const layout = await OciLayout.open(output.destination, { create: true });
    const tags = context.names.flatMap(({ tag }) => tag ?? []);
    for (const tag of tags.length > 0 ? new Set(tags) : [undefined]) {
      await copyImage({
        from: made.repository,
        selector: made.manifest.digest,
        to: layout,
        ...(tag === undefined ? {} : { tag }),
        direction: 'load',
        limit: session.transfers,
        signal: session.signal,
      });
    }
    for (const { digest: selector } of await attested(made, context)) {
      const from = made.repository;
      const { transfers: limit, signal } = session;
      await copyImage({ from, selector, to: layout, direction: 'load', limit, signal });
    }
    const { digest, annotations } = made.manifest;
    if (annotations) await layout.annotate(digest, annotations);
    vertex.status(`copying to ${output.destination}`, { done: true });
    return made;
  });
}

/** What is attested of the image, put beside it. */
async function attested(
  made: PreparedImage,
  { attest, names }: OutputContext,
): Promise<readonly { readonly digest: Digest; readonly subject: Digest }[]> {
  const manifests = await attest(made, names);
  const found: { readonly digest: Digest; readonly subject: Digest }[] = [];
  for (const [i, raw] of manifests.entries()) {
    const { digest } = await made.repository.putManifest(raw);
    found.push({ digest, subject: made.manifests[i]?.digest ?? made.manifest.digest });
  }
  return found;
}

function nameOf({ docker }: ImageFormat): string {
  return `exporting to ${docker ? 'docker' : 'oci'} image format`;
}

async function prepared(
  format: ImageFormat,
  { context, vertex }: { readonly context: OutputContext; readonly vertex: Vertex },
): Promise<PreparedImage> {
  const made = await context.make(format, GZIP);
  for (const { digest } of made.manifests) {
    vertex.status(`exporting manifest ${digest}`, { done: true });
  }
  vertex.status(`exporting config ${made.imageId}`, { done: true });
  return made;
}
