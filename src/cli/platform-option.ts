/** `--platform` as an option of the engine. */
import { hostPlatform, type Platform, parsePlatform } from '#core/platform.ts';

/** Empty without the flag. @throws PLATFORM_INVALID */
export function platformOption(text: string | undefined): { readonly platform?: Platform } {
  if (text === undefined) return {};
  return { platform: parsePlatform(text, hostPlatform(process.arch)) };
}
