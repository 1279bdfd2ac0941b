/** The config of a finished stage's image: what the Dockerfile made of it, and what flags change of that. */
import type { ContainerConfig, ImageConfig } from '#core/image-config.ts';
import type { BuiltTarget } from '../build-stages.ts';
import { type BuildSession, clampedTimestamp } from '../session.ts';

export interface ConfigChanges {
  /** Over those of the Dockerfile. */
  readonly labels: Readonly<Record<string, string>>;
  /** Names that go, be they of the base or of the Dockerfile. */
  readonly unsetEnv: readonly string[];
  readonly unsetLabels: readonly string[];
  /** The image does not say how it was made. */
  readonly omitHistory: boolean;
}

export function imageConfig(
  session: BuildSession,
  { state, runsOn: { os, architecture, variant } }: BuiltTarget,
  changes: ConfigChanges,
): ImageConfig {
  return {
    created: state.created ?? clampedTimestamp(session, 0),
    ...(state.author ? { author: state.author } : {}),
    architecture,
    os,
    ...(variant ? { variant } : {}),
    config: withLabels(withoutEnv(state.config, changes), changes),
    rootfs: { type: 'layers', diff_ids: state.layers.map(({ diffId }) => diffId) },
    history: changes.omitHistory ? [] : state.history,
  };
}

function withoutEnv(config: ContainerConfig, { unsetEnv }: ConfigChanges): ContainerConfig {
  if (unsetEnv.length === 0 || !config.Env) return config;
  const isKept = (item: string): boolean => !unsetEnv.includes(item.split('=', 1)[0] ?? '');
  return { ...config, Env: config.Env.filter(isKept) };
}

/** Those of the command line are set after the others went. */
function withLabels(config: ContainerConfig, changes: ConfigChanges): ContainerConfig {
  const { labels, unsetLabels } = changes;
  if (Object.keys(labels).length === 0 && unsetLabels.length === 0) return config;
  const kept = Object.entries(config.Labels ?? {}).filter(([key]) => !unsetLabels.includes(key));
  const all = { ...Object.fromEntries(kept), ...labels };
  const { Labels: _, ...rest } = config;
  return Object.keys(all).length > 0 ? { ...rest, Labels: all } : rest;
}
