/** `--output type=image` and `type=registry`: the image in the local store, pushed if wanted. */
import type { ImageOutput } from '#core/build-output.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { familiarReference, formatReference, type Reference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import type { UnstoredImage } from '#image/push.ts';
import { nameImage } from '#image/write-image.ts';
import type { BuildSession } from '../session.ts';
import type { BuiltImage, OutputContext, PreparedImage } from './output.ts';

export async function writeStoreOutput(
  session: BuildSession,
  output: ImageOutput,
  { names: tags, make, attest }: OutputContext,
): Promise<BuiltImage> {
  const { nameless, isDiscarded = false } = output;
  const names = [...tags, ...output.names];
  return await session.vertices.run('exporting to image', async (vertex) => {
    const made = await make(output.format, { codec: 'none' });
    const { imageId, manifest } = made;
    const attestations = await attest(made, names);
    const home = { ...session, names, ...(nameless ? { nameless } : {}) };
    if (!isDiscarded) await nameImage(made.manifests, home);
    if (!isDiscarded && attestations.length > 0) {
      const { keepBeside } = await import('#image/keep-beside.ts');
      await keepBeside(attestations, home);
    }
    vertex.status(`writing image ${imageId}`, { done: true });
    for (const { digest } of attestations) {
      vertex.status(`writing attestation manifest ${digest}`, { done: true });
    }
    for (const name of isDiscarded ? [] : names) {
      vertex.status(`naming to ${formatReference(name)}`, { done: true });
    }
    const image = isDiscarded && output.push ? await unstored(made, attestations) : undefined;
    let root = manifest;
    for (const name of output.push ? names : []) {
      root = await pushed(session, output, { name, image });
      vertex.status(`pushing manifest for ${formatReference(name)}@${root.digest}`, { done: true });
    }
    return { imageId, manifest: { ...manifest, ...root } };
  });
}

async function unstored(
  { repository, manifest }: PreparedImage,
  attestations: readonly RawManifest[],
): Promise<UnstoredImage> {
  for (const raw of attestations) await repository.putManifest(raw);
  const beside = attestations.map(({ digest }) => digest);
  return { repository, root: manifest.digest, beside };
}

/** The image as the registry has it. In docker's words where it fails. */
async function pushed(
  session: BuildSession,
  { format, pushByDigest = false, isInsecure = false, isDiscarded = false }: ImageOutput,
  { name, image }: { readonly name: Reference; readonly image: UnstoredImage | undefined },
): Promise<Descriptor> {
  try {
    return await session.push(name, {
      ...(image ? { image } : {}),
      ...(isInsecure ? { isInsecure } : {}),
      // What has a form of its own is in the store in that form.
      asItIs: format.compression !== undefined,
      byDigest: pushByDigest,
      signal: session.signal,
    });
  } catch (error) {
    if (!isSlipwayError(error) || error.kind === 'cancelled') throw error;
    const message = `failed to push ${formatReference(name)}: ${error.message}`;
    const again = isDiscarded
      ? 'the cache has its layers: build again to try again'
      : `the image is built: "slipway push ${familiarReference(name)}" tries again`;
    const hint = `${error.hint ?? 'see the cause'}; ${again}`;
    throw new SlipwayError(error.code, message, { hint, cause: error, detail: error.detail });
  }
}
