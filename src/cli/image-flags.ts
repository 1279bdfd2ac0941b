/** Flags of a build that say what its image is and is called beside what the Dockerfile says. */
import { hostPlatform } from '#core/platform.ts';
import type { BuildOptions } from '#engine.ts';
import { annotationsOf } from './annotation-option.ts';
import { assignments } from './assignments.ts';
import { list } from './flags.ts';
import { platformsOption } from './platform-option.ts';

export const IMAGE_FLAGS = {
  annotation: list({
    description: "Add to the image's manifest: manifest, manifest-descriptor or index",
    helpValue: '[type[platform]:]key=value',
  }),
  label: list({ description: 'Set metadata of the image', helpValue: 'key=value' }),
  platform: list({
    description: 'What to build for, several with commas: linux/amd64,linux/arm64',
    helpValue: 'platform',
  }),
};

type Lists = { readonly [Name in keyof typeof IMAGE_FLAGS]: readonly string[] };

type ImageOptions = Pick<BuildOptions, 'annotations' | 'isIndex' | 'labels' | 'platforms'>;

/** `defaultPlatform`: docker's variable, for builds that do not say. @throws USAGE, PLATFORM_INVALID */
export function imageOptions(
  flags: Lists,
  given: {
    readonly buildArgs: Readonly<Record<string, string>>;
    readonly defaultPlatform: string | undefined;
  },
): ImageOptions {
  const { buildArgs, defaultPlatform } = given;
  const wanted = flags.platform.length > 0 || !defaultPlatform ? flags.platform : [defaultPlatform];
  return {
    labels: assignments(flags.label, () => ''),
    annotations: annotationsOf(flags.annotation, hostPlatform(process.arch)),
    ...(wanted.length > 0 ? { platforms: platformsOption(wanted) } : {}),
    isIndex: isTrue(buildArgs.BUILDKIT_MULTI_PLATFORM),
  };
}

/** A build argument that is a switch, as Go reads it. */
export function isTrue(text = ''): boolean {
  return /^(?:1|t|true)$/i.test(text);
}
