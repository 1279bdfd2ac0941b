/** Image summaries for tests of listings. */
import { digestOf } from '#core/digest.ts';
import type { ImageDetails } from '#core/local-image.ts';
import { parseReference } from '#core/reference.ts';

export interface SummaryOptions {
  readonly tags?: readonly string[];
  readonly digests?: readonly string[];
  readonly created?: string;
  readonly sizeBytes?: number;
}

/** An image whose ID is the digest of `seed`. */
export function imageSummary(seed: string, options: SummaryOptions = {}): ImageDetails {
  return {
    imageId: digestOf(seed),
    manifest: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digestOf(`${seed} manifest`),
      size: 512,
    },
    tags: (options.tags ?? []).map(parseReference),
    digests: (options.digests ?? []).map(parseReference),
    ...(options.created === undefined ? {} : { created: options.created }),
    sizeBytes: options.sizeBytes ?? 4_567_890,
    layers: [
      { digest: digestOf(`${seed} blob`), diffId: digestOf(`${seed} layer`), sizeBytes: 1_982_256 },
    ],
    config: {
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'], WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [digestOf(`${seed} layer`)] },
      history: [{ created_by: 'COPY busybox /bin/ # buildkit', comment: 'buildkit.dockerfile.v0' }],
    },
  };
}
