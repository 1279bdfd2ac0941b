/**
 * What a build has to say about lines of its Dockerfile, for CI systems: the lint warnings and the
 * error, as GitHub's workflow commands or as GitLab's Code Quality report. Pure.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import type { SourceFile } from '#core/source.ts';
import { githubCommand, reportGithub } from '#dockerfile/lint/report/github.ts';
import { reportGitlab } from '#dockerfile/lint/report/gitlab.ts';
import type { FileFindings } from '#dockerfile/lint/report/report.ts';
import { placeOf } from './progress/failure.ts';

export type CiSystem = 'github' | 'gitlab';

/** `auto` looks at what the systems say of themselves. */
export function ciSystem(
  wanted: string | undefined,
  variable: (name: string) => string | undefined,
): CiSystem | undefined {
  if (wanted === 'github' || wanted === 'gitlab') return wanted;
  if (wanted === 'none') return undefined;
  if (variable('GITHUB_ACTIONS') === 'true') return 'github';
  return variable('GITLAB_CI') === 'true' ? 'gitlab' : undefined;
}

export class Annotations {
  readonly #warnings: { readonly diagnostic: Diagnostic; readonly file: SourceFile }[] = [];
  readonly #dockerfile: string | undefined;

  /** `dockerfile`: its path in the repository, absent where it has none. */
  constructor(dockerfile: string | undefined) {
    this.#dockerfile = dockerfile;
  }

  readonly sink = (event: Event): void => {
    if (event.kind === 'diagnostic') this.#warnings.push(event);
  };

  /** A line each; `error` is what the build failed of. */
  github(error?: unknown): string {
    const placed = reportGithub(this.#findings(error));
    if (!isSlipwayError(error) || placeOf(error)) return placed;
    return placed + githubCommand('error', {}, messageOf(error));
  }

  /** A JSON document, also of nothing. */
  gitlab(error?: unknown): string {
    return reportGitlab(this.#findings(error));
  }

  #findings(error: unknown): readonly FileFindings[] {
    const place = placeOf(error);
    const problems =
      place === undefined
        ? []
        : place.diagnostics.length > 0
          ? place.diagnostics.map((diagnostic) => ({ diagnostic, file: place.source }))
          : [{ diagnostic: diagnosticOf(error, place.range), file: place.source }];
    const all = [...this.#warnings, ...problems];
    const files = Map.groupBy(all, ({ file }) => file.name);
    return [...files.values()].flatMap((list) => {
      const [first] = list;
      const file = first && this.#inRepository(first.file);
      return file ? [{ file, reported: list.map(({ diagnostic }) => findingOf(diagnostic)) }] : [];
    });
  }

  /** ONBUILD of a base is in no file of the repository. */
  #inRepository(file: SourceFile): SourceFile | undefined {
    const path = this.#dockerfile;
    const isIt = path !== undefined && (path === file.name || path.endsWith(`/${file.name}`));
    return isIt ? { ...file, name: path } : undefined;
  }
}

function findingOf({ code, severity, message, hint, range }: Diagnostic) {
  return {
    rule: { name: code, severity },
    finding: { message, range, ...(hint === undefined ? {} : { hint }) },
  };
}

function diagnosticOf(error: unknown, range: Diagnostic['range']): Diagnostic {
  if (!isSlipwayError(error))
    return { code: 'error', severity: 'error', message: String(error), range };
  return { code: error.code, severity: 'error', message: messageOf(error), range };
}

/** The end of what a step said is what people look for. */
function messageOf({ message, hint, detail }: SlipwayError): string {
  const log = typeof detail.log === 'string' ? detail.log.trimEnd().split('\n').slice(-5) : [];
  return [message, ...(hint === undefined ? [] : [hint]), ...log].join('\n');
}
