/**
 * What a check may know of base images without the network: those of the local store. Everything
 * else stays unknown, as it is without a store.
 */
import { existsSync } from 'node:fs';
import { type BaseConfigs, baseFacts } from '#build/base-images.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { ImageConfig } from '#core/image-config.ts';
import { formatReference, type Reference } from '#core/reference.ts';
import { imageReference } from '#dockerfile/base-name.ts';
import { evaluationOf } from '#dockerfile/lint/evaluation.ts';
import { platformsOf } from '#dockerfile/lint/global-scope.ts';
import type { LintSubject } from '#dockerfile/lint/rule.ts';
import { byNameOrDigest, UNUSABLE } from '#image/resolve.ts';
import { LocalStore } from '#store/local-store.ts';

/** The bases of a subject's stages, as far as the store at `root` has them; nothing is written. */
export async function localBases(
  root: string,
  subject: LintSubject,
): Promise<LintSubject['baseImage']> {
  const references = referencesOf(subject);
  // A check makes no store.
  if (references.length === 0 || !existsSync(root)) return undefined;
  return baseFacts(await configsOf(root, references, subject));
}

async function configsOf(
  root: string,
  references: readonly Reference[],
  subject: LintSubject,
): Promise<BaseConfigs> {
  const { target: platform } = platformsOf(subject);
  const configs = new Map<string, ImageConfig>();
  await using store = await LocalStore.open({ root });
  await using lease = await store.lease({ purpose: 'check a Dockerfile' });
  for (const reference of references) {
    try {
      const image = await byNameOrDigest(reference, { store, lease, platform });
      if (image) configs.set(formatReference(reference), image.config);
    } catch (error) {
      // Of another platform, or with a lost blob: a build would fetch it anew.
      if (!isSlipwayError(error, ...UNUSABLE)) throw error;
    }
  }
  return configs;
}

/** What FROM names, each once, without what is no name. */
function referencesOf(subject: LintSubject): readonly Reference[] {
  const { stages } = evaluationOf(subject);
  const names = new Set(stages.map(({ image }) => image.text));
  for (const { stage } of stages) names.delete(stage.name ?? '');
  names.delete('scratch');
  return [...names].flatMap((name) => {
    try {
      return [imageReference(name)];
    } catch (error) {
      if (isSlipwayError(error)) return [];
      throw error;
    }
  });
}
