/**
 * Every image that a build of a plan takes from a store or a registry: bases, COPY --from and RUN
 * --mount from=, of the stages that the target needs, and of what ONBUILD of the bases adds. Nothing
 * is built.
 */
import type { ContainerConfig } from '#core/image-config.ts';
import type { Platform } from '#core/platform.ts';
import { formatReference, type Reference } from '#core/reference.ts';
import type { Instruction } from '#dockerfile/ast.ts';
import { refuseInvalid } from './diagnostics.ts';
import { isGitUrl, isHttpUrl } from './git-url.ts';
import type { BuildPlan } from './plan.ts';
import { sourceNames, sourceOf } from './stage-references.ts';
import { atPlace } from './step-error.ts';

/** Gives what the image adds to a build of it (`OnBuild` of its config), and has it ready. */
export type BaseTriggers = (
  reference: Reference,
  platform: Platform,
) => Promise<ContainerConfig['OnBuild']>;

/**
 * In the order they were met, each once.
 * @throws DOCKERFILE_INVALID, REFERENCE_INVALID, and what `triggersOf` throws
 */
export async function neededImages(
  plan: BuildPlan,
  triggersOf: BaseTriggers,
): Promise<readonly Reference[]> {
  const images = new Map<string, Reference>();
  const seen = new Set<number>();
  const need: BaseTriggers = async (reference, platform) => {
    const triggers = await triggersOf(reference, platform);
    images.set(formatReference(reference), reference);
    return triggers;
  };
  const visit = async (index: number): Promise<void> => {
    const stage = plan.stages[index];
    if (!stage || seen.has(index)) return;
    seen.add(index);
    // In a turn of its own: a chain of stages may be longer than the stack.
    await Promise.resolve();
    const { base } = stage;
    if (base.kind === 'stage') await visit(base.index);
    const triggers = base.kind === 'image' ? await need(base.reference, stage.platform) : undefined;
    const added = triggers ? await parseTriggers(triggers) : [];
    for (const name of [...added, ...stage.instructions].flatMap(sourceNames)) {
      const from = atPlace(plan.dockerfile, stage.from.image, () =>
        sourceOf(name, stage, plan.stages),
      );
      if (from.kind === 'stage') await visit(from.index);
      else if (from.reference.repository !== 'library/scratch')
        await need(from.reference, stage.platform);
    }
  };
  await visit(plan.target.index);
  return [...images.values()];
}

async function parseTriggers(lines: readonly string[]): Promise<readonly Instruction[]> {
  const { parseDockerfile } = await import('#dockerfile/parser.ts');
  const dockerfile = parseDockerfile(
    { name: 'ONBUILD of the base image', text: `${lines.join('\n')}\n` },
    { fragment: true },
  );
  refuseInvalid(dockerfile);
  return dockerfile.instructions;
}

/** Addresses that ADD downloads from, which no archive of images can bring along. */
export function downloadsOf(plan: BuildPlan): readonly string[] {
  return plan.stages
    .filter(({ index }) => plan.needed.has(index))
    .flatMap(({ instructions }) => instructions)
    .flatMap((instruction) =>
      instruction.kind === 'add' ? instruction.sources.map(({ text }) => text) : [],
    )
    .filter((source) => isHttpUrl(source) || isGitUrl(source));
}
