/** Platforms (image-spec image-index.md §platform), in containerd's normal form. */
import { SlipwayError } from './errors.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const OS_ALIASES: ReadonlyMap<string, string> = new Map([['macos', 'darwin']]);

/** What else people and machines call an architecture; a variant here wins over a given one. */
const ARCHITECTURE_ALIASES: ReadonlyMap<
  string,
  { readonly architecture: string; readonly variant?: string }
> = new Map([
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['x64', { architecture: 'amd64' }],
  ['aarch64', { architecture: 'arm64' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
  ['i386', { architecture: '386' }],
  ['ia32', { architecture: '386' }],
]);

/** Node's names on Linux that are another architecture's in Go: these are the little-endian ones. */
const NODE_ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['ppc64', 'ppc64le'],
  ['mipsel', 'mipsle'],
]);

/** `linux/arm64/v8`, `linux/amd64` … normalised. @throws PLATFORM_INVALID */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new SlipwayError('PLATFORM_INVALID', `"${text}": invalid platform`, {
      hint: 'write os/arch or os/arch/variant, for example linux/arm64',
    });
  }
  const [os = '', architecture = '', variant] = parts;
  return normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) });
}

/** Aliases resolved; the default variants (amd64 v1, arm64 v8) dropped, arm defaults to v7. */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: given, ...rest } = platform;
  const os = platform.os.toLowerCase();
  const named = platform.architecture.toLowerCase();
  const { architecture, variant = given?.toLowerCase() } = ARCHITECTURE_ALIASES.get(named) ?? {
    architecture: named,
  };
  const normal = normalizeVariant(architecture, variant);
  return {
    ...rest,
    os: OS_ALIASES.get(os) ?? os,
    architecture,
    ...(normal ? { variant: normal } : {}),
  };
}

/** Undefined stands for the architecture's first variant. */
function normalizeVariant(architecture: string, variant: string | undefined): string | undefined {
  switch (architecture) {
    case 'amd64':
      return variant === 'v1' ? undefined : variant;
    case 'arm64': {
      const full = variant && /^v?(\d+)(?:\.0)?$/.exec(variant);
      const normal = full ? `v${full[1]}` : variant;
      return normal === 'v8' ? undefined : normal;
    }
    case 'arm':
      return variant ? variant.replace(/^(?=\d)/, 'v') : 'v7';
    default:
      return variant;
  }
}

/** `os/arch[/variant]`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/** The platform of a Linux process with Node's `process.arch` value. */
export function hostPlatform(nodeArch: string): Platform {
  const architecture = NODE_ARCHITECTURES.get(nodeArch) ?? nodeArch;
  return normalizePlatform({ os: 'linux', architecture });
}
