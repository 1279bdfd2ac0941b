/**
 * Writes fixtures/dockerfiles/<case>/ast.json and diagnostics.txt from the Dockerfile beside them:
 * what we understand of it, and all that we say about it. They are committed and read as the
 * documentation of our messages; test/dockerfile/golden.test.ts fails when they are stale.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planBuild } from '#build/plan.ts';
import { referenceDiagnostics } from '#build/stage-references.ts';
import { SlipwayError } from '#core/errors.ts';
import { formatDiagnostic, formatFrame } from '#core/frame.ts';
import { positionAt, type Range, type SourceFile } from '#core/source.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { lint } from '#dockerfile/lint/engine.ts';
import { refusalsOf } from '#dockerfile/lint/refusals.ts';
import { reportTty } from '#dockerfile/lint/report/tty.ts';
import type { LintSubject } from '#dockerfile/lint/rule.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/dockerfiles');

/** The same on every machine, whatever it is. */
const PLATFORM = { os: 'linux', architecture: 'amd64' };

const LINE_WIDTH = 100;

/** The names of the cases, sorted. */
export function goldenCases(): readonly string[] {
  return readdirSync(FOLDER).sort();
}

export function readGolden(name: string, file: string): string {
  return readFileSync(join(FOLDER, name, file), 'utf8');
}

/** The files that belong beside a case's Dockerfile, as they should be. */
export function goldenFiles(
  name: string,
): Readonly<Record<'ast.json' | 'diagnostics.txt', string>> {
  const file: SourceFile = { name: 'Dockerfile', text: readGolden(name, 'Dockerfile') };
  const dockerfile = parseDockerfile(file);
  const { directives, instructions } = dockerfile;
  return {
    'ast.json': `${layOut(placed({ directives, instructions }, file), '')}\n`,
    'diagnostics.txt': diagnosticsText(dockerfile),
  };
}

/** Ranges as `line:column-line:column`, the end exclusive. */
function placed(value: unknown, file: SourceFile): unknown {
  if (Array.isArray(value)) return value.map((one) => placed(one, file));
  if (typeof value !== 'object' || value === null) return value;
  if (isRange(value)) return `${place(file, value.start)}-${place(file, value.end)}`;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, placed(one, file)]));
}

function isRange(value: object): value is Range {
  return Object.keys(value).join() === 'start,end';
}

function place(file: SourceFile, offset: number): string {
  const { line, column } = positionAt(file, offset);
  return `${line}:${column}`;
}

/** JSON with what is short on one line: an operand's text and place are read together. */
function layOut(value: unknown, indent: string): string {
  const flat = onOneLine(value);
  const isLeaf = typeof value !== 'object' || value === null;
  if (isLeaf || indent.length + flat.length <= LINE_WIDTH) return flat;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const parts = Array.isArray(value)
    ? value.map((one) => layOut(one, inner))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${layOut(one, inner)}`);
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`;
}

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(
    ([key, one]) => `${JSON.stringify(key)}: ${onOneLine(one)}`,
  );
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

function diagnosticsText(dockerfile: Dockerfile): string {
  const { file, diagnostics } = dockerfile;
  const subject = createSubject(dockerfile, { platforms: { build: PLATFORM, target: PLATFORM } });
  const reported = lint(subject, { profile: 'all' });
  const isValid = diagnostics.every(({ severity }) => severity !== 'error');
  return [
    '== parse ==',
    '',
    ...orNothing(diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic, file)}\n`)),
    '== plan ==',
    '',
    ...orNothing(isValid ? refusals(subject) : ['(not asked: the file has errors)\n']),
    '== lint, profile all ==',
    '',
    reportTty([{ file, reported }], { version: '' }),
  ].join('\n');
}

function orNothing(texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? ['(nothing)\n'] : texts;
}

/** What a build refuses before its first step, though the file is well-formed. */
function refusals(subject: LintSubject): readonly string[] {
  const { dockerfile, stages } = subject;
  const found = [...refusalsOf(subject), ...referenceDiagnostics(stages.stages)];
  if (found.length > 0) return found.map((one) => `${formatDiagnostic(one, dockerfile.file)}\n`);
  return refusalOf(dockerfile, () =>
    planBuild(dockerfile, { buildArgs: new Map(), platform: PLATFORM, buildPlatform: PLATFORM }),
  );
}

function refusalOf({ file }: Dockerfile, ask: () => unknown): readonly string[] {
  try {
    ask();
    return [];
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    const known = rangeOf(error.detail);
    const lines = [
      ...(known === undefined ? [] : [formatFrame(file, known)]),
      `error[${error.code}]: ${error.message}`,
      ...(error.hint === undefined ? [] : [`fix: ${error.hint}`]),
    ];
    return [`${lines.join('\n')}\n`];
  }
}

function rangeOf(detail: SlipwayError['detail']): Range | undefined {
  const range: unknown = detail?.range;
  return typeof range === 'object' && range !== null && isRange(range) ? range : undefined;
}

if (import.meta.main) {
  for (const name of goldenCases()) {
    for (const [file, text] of Object.entries(goldenFiles(name))) {
      writeFileSync(join(FOLDER, name, file), text);
    }
  }
}
