/**
 * BuildKit's labels of steps: `[build 2/4] `, with the platform in front where there are several, and
 * what is compiled for where that differs: `[linux/amd64->arm64 build 2/4] `.
 */
import { formatPlatform, normalizePlatform, type Platform } from '#core/platform.ts';
import type { Instruction } from '#dockerfile/ast.ts';
import type { BuildPlan, PlannedStage } from './plan.ts';

/** Gives the next label; `env`: of the step. */
export type StepLabels = (env: ReadonlyMap<string, string>) => string;

/** What makes a layer counts, and FROM where it is an image. */
export function stepLabels(
  plan: BuildPlan,
  options: {
    readonly stage: PlannedStage;
    readonly instructions: readonly Instruction[];
    /** The build has several platforms. */
    readonly isMulti: boolean;
  },
): StepLabels {
  const { stage, instructions, isMulti } = options;
  const layered = instructions.filter(
    ({ kind }) => kind === 'run' || kind === 'copy' || kind === 'add' || kind === 'workdir',
  );
  const total = layered.length + (stage.base.kind === 'image' ? 1 : 0);
  const name = plan.stages.length > 1 || stage.from.name ? `${stage.name.toLowerCase()} ` : '';
  let step = 0;
  return (env) => {
    step += 1;
    const platform = isMulti ? `${platformLabel(stage.platform, env)} ` : '';
    return `[${platform}${name}${String(step).padStart(String(total).length)}/${total}] `;
  };
}

function platformLabel(platform: Platform, env: ReadonlyMap<string, string>): string {
  return `${formatPlatform(platform)}${compiledFor(platform, env)}`;
}

/** What a stage that declared the arguments is told to make, where it is not what it runs on. */
function compiledFor(platform: Platform, env: ReadonlyMap<string, string>): string {
  const whole = (env.get('TARGETPLATFORM') ?? '').split('/');
  const os = env.get('TARGETOS') || whole[0] || platform.os;
  const architecture = env.get('TARGETARCH') || whole[1] || platform.architecture;
  const variant = env.get('TARGETVARIANT') || whole[2];
  const isSameArchitecture = architecture === platform.architecture;
  const target = normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) });
  if (target.os !== platform.os) return `->${formatPlatform(target)}`;
  if (isSameArchitecture) return '';
  return `->${target.architecture}${target.variant ? `/${target.variant}` : ''}`;
}
