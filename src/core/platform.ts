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

/** What containerd takes for a system when the word stands alone (Go's list). */
const KNOWN_SYSTEMS: ReadonlySet<string> = new Set(
  (
    'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 ' +
    'solaris windows zos'
  ).split(' '),
);

/** The same for architectures, in normal form. */
const KNOWN_ARCHITECTURES: ReadonlySet<string> = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le ' +
    'mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

/** A system, with its version in parentheses where it has one: `windows(10.0.17763)`. */
const SYSTEM = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/;
const COMPONENT = /^[A-Za-z0-9_.-]+$/;

/**
 * `linux/arm64/v8`, `linux/amd64` …, normalised. One word is a known system or a known
 * architecture; the missing half is `host`'s. @throws PLATFORM_INVALID in containerd's words
 */
export function parsePlatform(text: string, host: Platform): Platform {
  const quoted = JSON.stringify(text);
  if (text.includes('*')) throw invalid(`${quoted}: wildcards not yet supported`);
  const [system = '', ...rest] = text.split('/', 4);
  const match = SYSTEM.exec(system);
  if (match === null) throw badComponent(system, { text, kind: 'OS component', signs: '_ and -' });
  const bad = rest.find((part) => !COMPONENT.test(part));
  if (bad !== undefined) throw badComponent(bad, { text, kind: 'component', signs: '_, . and -' });
  const [, os = '', version] = match;
  const given = { os, ...(version ? { 'os.version': version } : {}) };
  const [architecture, variant, more] = rest;
  if (more !== undefined) throw invalid(`${quoted}: cannot parse platform specifier`);
  if (architecture === undefined) return oneWord(given, host, text);
  return normalizePlatform({ ...given, architecture, ...(variant ? { variant } : {}) });
}

function oneWord(
  given: Pick<Platform, 'os' | 'os.version'>,
  host: Platform,
  text: string,
): Platform {
  const { architecture, variant } = host;
  const asSystem = normalizePlatform({ ...given, architecture, ...(variant ? { variant } : {}) });
  if (KNOWN_SYSTEMS.has(asSystem.os)) return asSystem;
  const asArchitecture = normalizePlatform({ os: host.os, architecture: text });
  if (KNOWN_ARCHITECTURES.has(asArchitecture.architecture)) return asArchitecture;
  throw invalid(`${JSON.stringify(text)}: unknown operating system or architecture`);
}

function badComponent(
  part: string,
  whole: { readonly text: string; readonly kind: string; readonly signs: string },
): SlipwayError {
  const what = `an invalid ${whole.kind} of ${JSON.stringify(whole.text)}`;
  return invalid(`${JSON.stringify(part)} is ${what}: use letters, digits, ${whole.signs}`);
}

function invalid(reason: string): SlipwayError {
  return new SlipwayError('PLATFORM_INVALID', `${reason}: invalid argument`, {
    hint: 'write os/arch or os/arch/variant, for example linux/arm64; linux or arm64 alone will do',
  });
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

/** Both words are ones that programs are built for. */
export function isKnownPlatform(platform: Platform): boolean {
  const { os, architecture } = normalizePlatform(platform);
  return KNOWN_SYSTEMS.has(os) && KNOWN_ARCHITECTURES.has(architecture);
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
