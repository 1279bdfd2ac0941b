/** `--platform` as an option of the engine. */
import { SlipwayError } from '#core/errors.ts';
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from '#core/platform.ts';

/** Empty without the flag. @throws PLATFORM_INVALID */
export function platformOption(text: string | undefined): { readonly platform?: Platform } {
  if (text === undefined) return {};
  return { platform: parsePlatform(text, hostPlatform(process.arch)) };
}

/** `a,b` words of a build, each platform once; `local` is this machine's. @throws PLATFORM_INVALID, USAGE */
export function platformsOption(words: readonly string[]): readonly Platform[] {
  const host = hostPlatform(process.arch);
  const platforms = new Map<string, Platform>();
  for (const text of words.flatMap((word) => word.split(','))) {
    if (text === '') {
      throw new SlipwayError('USAGE', 'invalid argument "" for "--platform": it is empty', {
        hint: 'write os/arch, several with commas between: linux/amd64,linux/arm64',
      });
    }
    const platform = text === 'local' ? host : parsePlatform(text, host);
    platforms.set(formatPlatform(platform), platform);
  }
  return [...platforms.values()];
}
