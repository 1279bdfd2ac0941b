/**
 * Which image of an index is for a platform (image-spec image-index.md): the exact one, else one of
 * an older variant that this platform runs, newest first, as containerd chooses.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ImageIndex } from '#core/manifest.ts';
import { formatPlatform, normalizePlatform, type Platform } from '#core/platform.ts';

/** What attestations are listed with; never an image to run. */
const UNKNOWN = 'unknown';

/** @throws PLATFORM_UNKNOWN, listing what there is */
export function selectManifest(index: ImageIndex, wanted: Platform): Descriptor {
  const images = index.manifests.filter(({ platform }) => platform?.os !== UNKNOWN);
  for (const platform of acceptable(normalizePlatform(wanted))) {
    const found = images.find((image) => image.platform && isSame(image.platform, platform));
    if (found) return found;
  }
  // A lone image without a platform fits whoever asks, as a plain manifest would.
  const [only] = images;
  if (only && images.length === 1 && !only.platform) return only;
  throw platformUnknown(images, wanted);
}

/**
 * For looking at an index rather than running it: the platform's image, else the first one there is.
 * @throws PLATFORM_UNKNOWN when it holds no image at all
 */
export function selectAnyManifest(index: ImageIndex, wanted: Platform): Descriptor {
  try {
    return selectManifest(index, wanted);
  } catch (error) {
    const first = index.manifests.find(({ platform }) => platform?.os !== UNKNOWN);
    if (first && isSlipwayError(error, 'PLATFORM_UNKNOWN')) return first;
    throw error;
  }
}

/** Whether what is for one platform runs on another: the same, or an older variant of it. */
export function runsOn(image: Platform, host: Platform): boolean {
  return acceptable(normalizePlatform(host)).some((platform) => isSame(image, platform));
}

/** The platform and what it also runs, best first. */
function acceptable(wanted: Platform): readonly Platform[] {
  const { os, architecture } = wanted;
  const variants = fallbackVariants(architecture, wanted.variant);
  const same = variants.map((variant) => ({ os, architecture, ...(variant ? { variant } : {}) }));
  // 64-bit processors run the 32-bit kind; docker falls back to it for arm only.
  if (architecture !== 'arm64') return same;
  const arm = ['v8', 'v7', 'v6', 'v5'].map((variant) => ({ os, architecture: 'arm', variant }));
  return [...same, ...arm];
}

/** Undefined stands for the architecture's first variant. */
function fallbackVariants(
  architecture: string,
  variant: string | undefined,
): readonly (string | undefined)[] {
  const number = Number(/^v(\d+)$/.exec(variant ?? '')?.[1]);
  const down = (from: number, to: number): string[] =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => `v${from - i}`);
  switch (architecture) {
    case 'arm':
      return Number.isNaN(number) ? [variant] : down(number, 5);
    case 'amd64':
      return Number.isNaN(number) ? [undefined] : [...down(number, 2), undefined];
    default:
      return variant === undefined ? [undefined] : [variant, undefined];
  }
}

function isSame(image: Platform, wanted: Platform): boolean {
  const { os, architecture, variant } = normalizePlatform(image);
  return os === wanted.os && architecture === wanted.architecture && variant === wanted.variant;
}

function platformUnknown(images: readonly Descriptor[], wanted: Platform): SlipwayError {
  const there = images.flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : []));
  const text = formatPlatform(wanted);
  return new SlipwayError(
    'PLATFORM_UNKNOWN',
    `no matching manifest for ${text} in the manifest list entries`,
    {
      hint:
        there.length > 0
          ? `choose one of ${[...new Set(there)].join(', ')} with --platform`
          : 'the index holds no image with a platform',
      detail: { platform: text, available: there },
    },
  );
}
