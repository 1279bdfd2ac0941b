/** Lint without a build: a file, its arguments and its context's ignore file; nothing else is opened. */
import { dirname } from 'node:path';
import { refuseInvalid } from '#build/diagnostics.ts';
import { dockerfilePath, readDockerfile } from '#build/dockerfile-file.ts';
import { readIgnore } from '#build/ignore-file.ts';
import { parseFile } from '#build/parse-dockerfile.ts';
import { referenceDiagnostics } from '#build/stage-references.ts';
import type { Diagnostic } from '#core/diagnostic.ts';
import { hostPlatform } from '#core/platform.ts';
import type { SourceFile } from '#core/source.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { limitDiagnostics } from '#dockerfile/diagnostic-limit.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { type LintOptions, lint } from '#dockerfile/lint/engine.ts';
import type { FixedFile } from '#dockerfile/lint/fix.ts';
import { refusalsOf } from '#dockerfile/lint/refusals.ts';
import type { LintSubject, Reported, Rule } from '#dockerfile/lint/rule.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';

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
  /** The store's root, which remembers what was parsed; absent: parsed anew. */
  readonly root?: string;
  /** What is known of base images; absent: nothing. */
  readonly baseImage?: LintSubject['baseImage'];
}

export interface CheckedDockerfile {
  readonly dockerfile: Dockerfile;
  readonly subject: LintSubject;
  /** What no build would take: what the parser says, then what docker finds later. */
  readonly refused: readonly Diagnostic[];
  /** What the rules found, by place. */
  readonly findings: readonly Reported[];
  /** The same with what no build would take. */
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
  const { matcher } = readIgnore({ folder, dockerfile: path });
  return { file: { name: place.dockerfile ?? name, text }, path, ignore: matcher };
}

/** The same from a stream, such as stdin, called `-`; it has no context. @throws what `signal` says */
export async function readStream(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<DockerfileInput> {
  const { interruptible } = await import('#image/interruptible.ts');
  const chunks = await Array.fromAsync(interruptible(stream, signal));
  return { file: { name: '-', text: Buffer.concat(chunks).toString('utf8') } };
}

/** Parses and lints. Never throws: a file that cannot be parsed has findings that say so. */
export async function checkDockerfile(
  input: DockerfileInput,
  settings: CheckSettings = {},
): Promise<CheckedDockerfile> {
  return checkSubject(subjectOf(await parse(input, settings), input, settings), settings);
}

async function parse(input: DockerfileInput, { root }: CheckSettings): Promise<Dockerfile> {
  return await parseFile(input.file, root === undefined ? undefined : { root });
}

/** Fixes what can be fixed mechanically; the caller writes the text. Never throws. */
export async function fixDockerfile(
  input: DockerfileInput,
  settings: CheckSettings = {},
): Promise<FixedFile> {
  const { name, text } = input.file;
  const { parseDockerfile } = await import('#dockerfile/parser.ts');
  const { fixAll } = await import('#dockerfile/lint/fix.ts');
  return fixAll(text, (current) => {
    const dockerfile = parseDockerfile({ name, text: current });
    return checkSubject(subjectOf(dockerfile, input, settings), settings).reported;
  });
}

function subjectOf(
  dockerfile: Dockerfile,
  { ignore }: DockerfileInput,
  settings: CheckSettings,
): LintSubject {
  const host = hostPlatform(process.arch);
  return createSubject(dockerfile, {
    buildArgs: new Map(Object.entries(settings.buildArgs ?? {})),
    platforms: { build: host, target: host },
    ...(ignore ? { ignore } : {}),
    ...(settings.baseImage ? { baseImage: settings.baseImage } : {}),
  });
}

function checkSubject(subject: LintSubject, settings: CheckSettings): CheckedDockerfile {
  const { dockerfile } = subject;
  const unreadable = dockerfile.diagnostics.filter(({ severity }) => severity === 'error');
  const later = [...refusalsOf(subject), ...referenceDiagnostics(subject.stages.stages)];
  // What another --build-arg may make right is a warning's matter, of InvalidDefaultArgInFrom.
  const wrong = later.filter((one) => !('hangsOnArguments' in one && one.hangsOnArguments));
  const mistakes = [...unreadable, ...limitDiagnostics(wrong)];
  const findings = lint(subject, settings.options ?? {});
  return {
    dockerfile,
    subject,
    refused: [...unreadable, ...later],
    findings,
    reported: [...mistakes.map(asReported), ...findings].sort(byPlace),
  };
}

/**
 * The same with what the store at `root` knows of base images, as before a build. The network is
 * not asked.
 */
export async function checkAsBuilt(
  input: DockerfileInput,
  settings: CheckSettings,
): Promise<CheckedDockerfile> {
  const { root } = settings;
  const dockerfile = await parse(input, settings);
  const subject = subjectOf(dockerfile, input, settings);
  const isWrong = dockerfile.diagnostics.some(({ severity }) => severity === 'error');
  const baseImage = root === undefined || isWrong ? undefined : await knownBases(root, subject);
  return checkSubject(baseImage ? { ...subject, baseImage } : subject, settings);
}

/** The same for callers that want a Dockerfile that could be built. @throws DOCKERFILE_INVALID */
export async function checkValid(
  input: DockerfileInput,
  settings: CheckSettings,
): Promise<CheckedDockerfile> {
  const checked = await checkAsBuilt(input, settings);
  refuseInvalid({ file: input.file, diagnostics: checked.refused });
  return checked;
}

/** The store is loaded only for those who ask with a root. */
async function knownBases(root: string, subject: LintSubject): Promise<LintSubject['baseImage']> {
  const { localBases } = await import('./local-bases.ts');
  return await localBases(root, subject);
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
  const finding = { message, range, ...(reason && { reason }), ...(hint && { hint }) };
  return { rule, finding };
}

function byPlace(left: Reported, right: Reported): number {
  return left.finding.range.start - right.finding.range.start;
}
