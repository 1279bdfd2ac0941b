/**
 * Flags of a build that say what its image is beside what the Dockerfile says: docker's, and those that
 * buildah's users know.
 */
import { SlipwayError } from '#core/errors.ts';
import { hostPlatform } from '#core/platform.ts';
import type { BuildOptions } from '#engine.ts';
import { annotationsOf } from './annotation-option.ts';
import { assignments } from './assignments.ts';
import { list, text, toggle } from './flags.ts';
import { platformsOption } from './platform-option.ts';
import type { CliSettings } from './settings.ts';

export const IMAGE_FLAGS = {
  annotation: list({
    description: "Add to the image's manifest: manifest, manifest-descriptor or index",
    helpValue: '[type[platform]:]key=value',
  }),
  format: text({
    description: 'Media types of the image: oci (the default) or docker',
    helpValue: 'string',
    options: ['oci', 'docker'],
  }),
  label: list({ description: 'Set metadata of the image', helpValue: 'key=value' }),
  'omit-history': toggle({ description: 'The image does not say how it was made' }),
  platform: list({
    description: 'What to build for, several with commas: linux/amd64,linux/arm64',
    helpValue: 'platform',
  }),
  'rewrite-timestamp': toggle({
    description: 'No file is newer than the time of --source-date-epoch (always so)',
  }),
  'source-date-epoch': text({
    description: 'No time in the image is later: seconds since 1970 (SOURCE_DATE_EPOCH)',
    helpValue: 'seconds',
  }),
  squash: toggle({ description: 'Make one layer of those that the build adds to its base' }),
  timestamp: text({
    description: 'All times that the build adds are this one: seconds since 1970',
    helpValue: 'seconds',
  }),
  unsetenv: list({ description: 'Leave a variable out of the image', helpValue: 'name' }),
  unsetlabel: list({ description: 'Leave a label out of the image', helpValue: 'name' }),
};

export interface ImageFlagValues {
  readonly annotation: readonly string[];
  readonly label: readonly string[];
  readonly 'omit-history': boolean;
  readonly platform: readonly string[];
  readonly 'rewrite-timestamp': boolean;
  readonly 'source-date-epoch': string | undefined;
  readonly squash: boolean;
  readonly timestamp: string | undefined;
  readonly unsetenv: readonly string[];
  readonly unsetlabel: readonly string[];
}

type ImageOptions = Pick<
  BuildOptions,
  | 'annotations'
  | 'exactTimes'
  | 'isIndex'
  | 'labels'
  | 'omitHistory'
  | 'platforms'
  | 'sourceDateEpoch'
  | 'squash'
  | 'unsetEnv'
  | 'unsetLabels'
>;

/** docker's variable counts for builds that name no platform. @throws USAGE, PLATFORM_INVALID */
export function imageOptions(
  flags: ImageFlagValues,
  buildArgs: Readonly<Record<string, string>>,
  { sourceDateEpoch, variable }: Pick<CliSettings, 'sourceDateEpoch' | 'variable'>,
): ImageOptions {
  const defaultPlatform = variable('DOCKER_DEFAULT_PLATFORM');
  const wanted = flags.platform.length > 0 || !defaultPlatform ? flags.platform : [defaultPlatform];
  return {
    labels: assignments(flags.label, () => ''),
    annotations: annotationsOf(flags.annotation, hostPlatform(process.arch)),
    ...(wanted.length > 0 ? { platforms: platformsOption(wanted) } : {}),
    isIndex: isTrue(buildArgs.BUILDKIT_MULTI_PLATFORM),
    squash: flags.squash,
    ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
    exactTimes: flags.timestamp !== undefined,
    omitHistory: flags['omit-history'],
    unsetEnv: namesIn(flags.unsetenv),
    unsetLabels: namesIn(flags.unsetlabel),
  };
}

/** What stands in the place of the variable SOURCE_DATE_EPOCH; undefined: nothing. @throws USAGE */
export function epochIn(
  flags: Pick<ImageFlagValues, 'source-date-epoch' | 'timestamp'>,
  buildArgs: readonly string[],
): string | undefined {
  const epoch = flags['source-date-epoch'];
  if (flags.timestamp !== undefined && epoch !== undefined) {
    throw new SlipwayError('USAGE', '--timestamp and --source-date-epoch exclude each other', {
      hint: 'keep the one you mean: all times are this one, or none is later',
    });
  }
  const argument = 'SOURCE_DATE_EPOCH=';
  const given = buildArgs.findLast((word) => word.startsWith(argument));
  return flags.timestamp ?? epoch ?? given?.slice(argument.length);
}

/** A build argument that is a switch, as Go reads it. */
export function isTrue(value = ''): boolean {
  return /^(?:1|t|true)$/i.test(value);
}

/** Repeated, or with commas between. */
function namesIn(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => word.split(',')).filter((name) => name !== '');
}
