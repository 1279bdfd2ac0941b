/** A build's checks: findings are told, and end the build where the Dockerfile asks for it. */
import { SlipwayError } from '#core/errors.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { failureOf, lint } from '#dockerfile/lint/engine.ts';
import type { Reported } from '#dockerfile/lint/rule.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { readIgnore } from './context.ts';
import type { BuildSession } from './session.ts';

/**
 * Lints with what the build knows. Findings become diagnostics of the event stream.
 * @throws DOCKERFILE_INVALID when `# check=error=true` and something was found
 */
export async function reportFindings(
  session: BuildSession,
  dockerfile: Dockerfile,
  build: {
    readonly context: string;
    readonly path: string;
    readonly buildArgs: ReadonlyMap<string, string>;
  },
): Promise<void> {
  const { matcher } = await readIgnore({ folder: build.context, dockerfile: build.path });
  const subject = createSubject(dockerfile, {
    buildArgs: build.buildArgs,
    ignore: matcher,
    platforms: { build: session.platform, target: session.platform },
  });
  const reported = lint(subject);
  for (const one of reported) session.vertices.diagnostic(diagnosticOf(one), dockerfile.file);
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
