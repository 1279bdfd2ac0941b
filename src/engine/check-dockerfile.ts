/** Lint without a build: a file, its arguments and its context's ignore file; nothing else is opened. */
import { dirname } from 'node:path';
import { readIgnore } from '#build/context.ts';
import { refuseInvalid } from '#build/diagnostics.ts';
import { dockerfilePath, readDockerfile } from '#build/dockerfile-file.ts';
import type { Diagnostic } from '#core/diagnostic.ts';
import { hostPlatform } from '#core/platform.ts';
import type { SourceFile } from '#core/source.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { type LintOptions, lint } from '#dockerfile/lint/engine.ts';
import type { LintSubject, Reported, Rule } from '#dockerfile/lint/rule.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

/** A Dockerfile as it is to be checked. */
export interface DockerfileInput {
  readonly file: SourceFile;
  /** Where it was read from; absent for text from elsewhere. */
  readonly path?: string;
  readonly ignore?: IgnoreMatcher;
}

export interface CheckSettings {
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly options?: LintOptions;
}

export interface CheckedDockerfile {
  readonly dockerfile: Dockerfile;
  readonly subject: LintSubject;
  /** What the parser refused and what the rules found, by place. */
  readonly reported: readonly Reported[];
}

/**
 * Reads a Dockerfile and the ignore file that a build of it would use. `context`: default the
 * Dockerfile's folder. @throws DOCKERFILE_MISSING, IGNORE_INVALID, PERMISSION
 */
export async function readInput(
  place: { readonly dockerfile?: string; readonly context?: string } = {},
): Promise<DockerfileInput> {
  const path = dockerfilePath({ context: '.', ...place });
  const { text, name } = await readDockerfile(path);
  const folder = place.context ?? dirname(path);
  const { matcher } = await readIgnore({ folder, dockerfile: path });
  return { file: { name: place.dockerfile ?? name, text }, path, ignore: matcher };
}

/** Parses and lints. Never throws: a file that cannot be parsed has findings that say so. */
export function checkDockerfile(
  { file, ignore }: DockerfileInput,
  settings: CheckSettings = {},
): CheckedDockerfile {
  const host = hostPlatform(process.arch);
  const dockerfile = parseDockerfile(file);
  const subject = createSubject(dockerfile, {
    buildArgs: new Map(Object.entries(settings.buildArgs ?? {})),
    platforms: { build: host, target: host },
    ...(ignore ? { ignore } : {}),
  });
  const refused = dockerfile.diagnostics.filter(({ severity }) => severity === 'error');
  const reported = [...refused.map(asReported), ...lint(subject, settings.options ?? {})];
  return { dockerfile, subject, reported: reported.sort(byPlace) };
}

/** The same for callers that want a Dockerfile that could be built. @throws DOCKERFILE_INVALID */
export function checkValid(input: DockerfileInput, settings: CheckSettings): CheckedDockerfile {
  const checked = checkDockerfile(input, settings);
  refuseInvalid(checked.dockerfile);
  return checked;
}

/** A parser's error in the shape of a finding, so that every report can show it. */
function asReported({ code, message, range, reason, hint, url }: Diagnostic): Reported {
  const rule: Rule = {
    name: code,
    profile: 'buildkit',
    severity: 'error',
    description: reason ?? message,
    explanation: reason ?? message,
    url: url ?? '',
    check: () => [],
  };
  return { rule, finding: { message, range, ...(hint === undefined ? {} : { hint }) } };
}

function byPlace(left: Reported, right: Reported): number {
  return left.finding.range.start - right.finding.range.start;
}
