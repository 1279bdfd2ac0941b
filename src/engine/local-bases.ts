/**
 * What a check may know of base images without the network: those of the local store. Everything
 * else stays unknown, as it is without a store.
 */
import { existsSync } from 'node:fs';
import { type BaseConfigs, baseFacts, baseKey } from '#build/base-images.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { ImageConfig } from '#core/image-config.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import { imageReference } from '#dockerfile/base-name.ts';
import { evaluationOf } from '#dockerfile/lint/evaluation.ts';
import type { LintSubject } from '#dockerfile/lint/rule.ts';
import { byNameOrDigest, UNUSABLE } from '#image/resolve.ts';
import { LocalStore } from '#store/local-store.ts';

/** The bases of a subject's stages, as far as the store at `root` has them; nothing is written. */
export async function localBases(
  root: string,
  subject: LintSubject,
): Promise<LintSubject['baseImage']> {
  const bases = basesOf(subject);
  // A check makes no store.
  if (bases.length === 0 || !existsSync(root)) return undefined;
  return baseFacts(await configsOf(root, bases));
}

async function configsOf(root: string, bases: readonly NamedBase[]): Promise<BaseConfigs> {
  const configs = new Map<string, ImageConfig>();
  await using store = await LocalStore.open({ root });
  await using lease = await store.lease({ purpose: 'check a Dockerfile' });
  for (const { reference, platform } of bases) {
    try {
      const image = await byNameOrDigest(reference, { store, lease, platform });
      if (image) configs.set(baseKey(reference, platform), image.config);
    } catch (error) {
      // Of another platform, or with a lost blob: a build would fetch it anew.
      if (!isSlipwayError(error, ...UNUSABLE)) throw error;
    }
  }
  return configs;
}

interface NamedBase {
  readonly reference: Reference;
  readonly platform: Platform;
}

/** What FROM names, without what is no name. */
function basesOf(subject: LintSubject): readonly NamedBase[] {
  const { stages } = evaluationOf(subject);
  const taken = new Set(['scratch', ...stages.map(({ stage }) => stage.name ?? '')]);
  return stages.flatMap(({ image: { text }, wantedPlatform: platform }) => {
    if (taken.has(text)) return [];
    try {
      return [{ reference: imageReference(text), platform }];
    } catch (error) {
      if (isSlipwayError(error)) return [];
      throw error;
    }
  });
}
