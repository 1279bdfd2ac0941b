/** A build's checks: findings are told, and end the build where the Dockerfile asks for it. */
import { SlipwayError } from '#core/errors.ts';
import type { Platform } from '#core/platform.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { failureOf, lint } from '#dockerfile/lint/engine.ts';
import { refusalsOf } from '#dockerfile/lint/refusals.ts';
import type { Reported } from '#dockerfile/lint/rule.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { type BaseConfigs, baseFacts } from './base-images.ts';
import { refuseInvalid } from './diagnostics.ts';
import type { BuildSession } from './session.ts';

export interface CheckInputs {
  readonly dockerfile: Dockerfile;
  readonly ignore: IgnoreMatcher;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly platform: Platform;
  /** What was told for another platform; findings are added. */
  readonly seen: Set<string>;
  readonly bases: BaseConfigs;
  /** Indexes of the stages that are built: only they are judged in every respect, as docker does. */
  readonly needed: ReadonlySet<number>;
}

/**
 * Lints with what the build knows; findings become diagnostics of the event stream. Then refuses
 * what no step could do, before the first of them runs.
 * @throws DOCKERFILE_INVALID, also when `# check=error=true` and something was found
 */
export async function reportFindings(session: BuildSession, inputs: CheckInputs): Promise<void> {
  const { dockerfile, needed } = inputs;
  const baseImage = await baseFacts(inputs.bases);
  const subject = createSubject(dockerfile, {
    buildArgs: inputs.buildArgs,
    ignore: inputs.ignore,
    platforms: { build: session.buildPlatform, target: inputs.platform },
    isNeeded: (stage) => needed.has(stage),
    ...(baseImage && { baseImage }),
  });
  const reported = lint(subject);
  for (const diagnostic of reported.map(diagnosticOf)) {
    const key = JSON.stringify([diagnostic.code, diagnostic.message, diagnostic.range]);
    if (inputs.seen.has(key)) continue;
    inputs.seen.add(key);
    session.vertices.diagnostic(diagnostic, dockerfile.file);
  }
  refuseInvalid({ file: dockerfile.file, diagnostics: refusalsOf(subject) });
  const failure = failureOf(reported);
  if (failure === undefined) return;
  throw new SlipwayError('DOCKERFILE_INVALID', failure, {
    hint: 'fix what was found, or take error=true out of the check directive',
  });
}

function diagnosticOf({ rule, finding, severity }: Reported) {
  const { message, range, hint } = finding;
  return {
    code: rule.name,
    severity: severity ?? rule.severity,
    message,
    range: finding.statement ?? range,
    ...(hint === undefined ? {} : { hint }),
    ...(rule.url === '' ? {} : { url: rule.url }),
  };
}
