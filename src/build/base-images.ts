/**
 * The base images of a build's stages: each is looked for once, before the checks, which then know
 * what the bases set. A base that cannot be had fails the build only after the checks have spoken.
 */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ImageConfig } from '#core/image-config.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import { formatReference, type Reference } from '#core/reference.ts';
import { imageReference } from '#dockerfile/base-name.ts';
import type { BaseImage as BaseFacts, LintSubject } from '#dockerfile/lint/rule.ts';
import { suggest } from '#dockerfile/suggest.ts';
import type { BuildPlan, PlannedStage } from './plan.ts';
import type { BuildSession } from './session.ts';
import { withPlace } from './step-error.ts';

export type BaseConfigs = ReadonlyMap<string, ImageConfig>;

/** One name may be two images in a build: those of two platforms. */
export function baseKey(reference: Reference, platform: Platform): string {
  return `${formatReference(reference)} ${formatPlatform(platform)}`;
}

export interface FoundBases {
  /** By {@link baseKey}. */
  readonly configs: BaseConfigs;
  /** The first that cannot be had, with its place. */
  readonly failure?: { readonly error: unknown };
}

/**
 * The same with a memory: FROM and --from of one name ask once a build. Two platforms of a name are
 * asked for one after the other, as each may change what the name is in the store.
 */
export function rememberBases(resolve: BuildSession['resolveBase']): BuildSession['resolveBase'] {
  const known = new Map<string, ReturnType<typeof resolve>>();
  const last = new Map<string, Promise<unknown>>();
  return (reference, options) => {
    const name = baseKey(reference, options.platform);
    const before = known.get(name);
    if (before !== undefined) return before;
    const image = formatReference(reference);
    const turn = last.get(image);
    const ask = () => resolve(reference, options);
    const asked = turn === undefined ? ask() : turn.then(ask, ask);
    known.set(name, asked);
    last.set(image, asked);
    return asked;
  };
}

/** Looks for the bases of all stages the target needs, side by side. Does not reject. */
export async function findBases(session: BuildSession, plan: BuildPlan): Promise<FoundBases> {
  const configs = new Map<string, ImageConfig>();
  const stages = plan.stages.filter(({ index }) => plan.needed.has(index));
  const failures = await Promise.all(
    stages.map(async (stage) => {
      const { base, from, platform } = stage;
      if (base.kind !== 'image') return [];
      try {
        const { config } = await session.resolveBase(base.reference, {
          platform,
          signal: session.signal,
        });
        configs.set(baseKey(base.reference, platform), config);
        return [];
      } catch (error) {
        const told = withStageHint(error, from.image.text, plan.stages.slice(0, stage.index));
        return [{ error: withPlace(told, plan.dockerfile, from.image) }];
      }
    }),
  );
  const [failure] = failures.flat();
  return { configs, ...(failure && { failure }) };
}

/** An image nobody has may be the mistyped name of an earlier stage. */
export function withStageHint(
  error: unknown,
  name: string,
  earlier: readonly Pick<PlannedStage, 'from'>[],
): unknown {
  if (!isSlipwayError(error, 'BASE_UNKNOWN')) return error;
  const near = suggest(
    name,
    earlier.flatMap(({ from }) => from.name?.text ?? []),
  );
  if (near === undefined) return error;
  return new SlipwayError(error.code, error.message, {
    hint: `did you mean the stage ${near}?`,
    cause: error.cause,
    detail: error.detail,
  });
}

/** What checks may know of bases. */
export async function baseFacts(configs: BaseConfigs): Promise<LintSubject['baseImage']> {
  const facts = new Map<string, BaseFacts>();
  for (const [name, config] of configs) facts.set(name, await factsOf(name, config));
  return ({ image, platform }) => {
    try {
      return facts.get(baseKey(imageReference(image), platform));
    } catch (error) {
      // A name that is none has no image.
      if (isSlipwayError(error)) return undefined;
      throw error;
    }
  };
}

async function factsOf(name: string, image: ImageConfig): Promise<BaseFacts> {
  const { os, architecture, variant, config } = image;
  return {
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    env: config.Env ?? [],
    workdir: config.WorkingDir ?? '',
    hasShell: config.Shell !== undefined,
    onbuild: await triggersOf(name, config.OnBuild ?? []),
  };
}

/** The parser is loaded for the few images that have any. */
async function triggersOf(
  name: string,
  triggers: readonly string[],
): Promise<BaseFacts['onbuild']> {
  if (triggers.length === 0) return [];
  const { parseDockerfile } = await import('#dockerfile/parser.ts');
  return triggers.flatMap(
    (text) => parseDockerfile({ name, text }, { fragment: true }).instructions,
  );
}
