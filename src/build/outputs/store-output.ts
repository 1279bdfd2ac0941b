/** `--output type=image` and `type=registry`: the image in the local store, pushed if wanted. */
import type { ImageOutput } from '#core/build-output.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { familiarReference, formatReference, type Reference } from '#core/reference.ts';
import { nameImage } from '#image/write-image.ts';
import type { BuildSession } from '../session.ts';
import type { BuiltImage, OutputContext } from './output.ts';

export async function writeStoreOutput(
  session: BuildSession,
  output: ImageOutput,
  { names: tags, make, attest }: OutputContext,
): Promise<BuiltImage> {
  const names = [...tags, ...output.names];
  return await session.vertices.run('exporting to image', async (vertex) => {
    const made = await make(output.format, { codec: 'none' });
    const { imageId, manifest } = made;
    const attestations = await attest(made, names);
    await nameImage(made.manifests, { ...session, names });
    if (attestations.length > 0) {
      const { keepBeside } = await import('#image/keep-beside.ts');
      await keepBeside(attestations, { ...session, names });
    }
    vertex.status(`writing image ${imageId}`, { done: true });
    for (const { digest } of attestations) {
      vertex.status(`writing attestation manifest ${digest}`, { done: true });
    }
    for (const name of names) vertex.status(`naming to ${formatReference(name)}`, { done: true });
    let root = manifest;
    for (const name of output.push ? names : []) {
      root = await pushed(session, output, name);
      vertex.status(`pushing manifest for ${formatReference(name)}@${root.digest}`, { done: true });
    }
    return { imageId, manifest: root };
  });
}

/** The image as the registry has it. In docker's words where it fails. */
async function pushed(
  session: BuildSession,
  { format, pushByDigest = false }: ImageOutput,
  name: Reference,
): Promise<Descriptor> {
  try {
    return await session.push(name, {
      // What has a form of its own is in the store in that form.
      asItIs: format.compression !== undefined,
      byDigest: pushByDigest,
      signal: session.signal,
    });
  } catch (error) {
    if (!isSlipwayError(error) || error.kind === 'cancelled') throw error;
    const message = `failed to push ${formatReference(name)}: ${error.message}`;
    const hint = `${error.hint ?? 'see the cause'}; the image is built: "slipway push ${familiarReference(name)}" tries again`;
    throw new SlipwayError(error.code, message, { hint, cause: error, detail: error.detail });
  }
}
