/** What is wrong with a template, in Go's and docker's words. */
import { SlipwayError } from '#core/errors.ts';

/** What a function of a template refuses; the message is Go's where Go refuses it too. */
export class CallFailed extends Error {}

/** A place in the source; `at` in UTF-16 units. */
export interface Place {
  readonly source: string;
  readonly at: number;
}

/** Found while parsing; Go says the line only. */
export function parseError({ source, at }: Place, problem: string, hint?: string): SlipwayError {
  return templateError(`:${lineAt(source, at)}: ${problem}`, hint);
}

/** Found while filling in: with line, column and the part that failed. */
export function executionError(
  { source, at }: Place,
  problem: { readonly text: string; readonly message: string; readonly hint?: string | undefined },
): SlipwayError {
  const lineStart = source.lastIndexOf('\n', at - 1) + 1;
  const column = Buffer.byteLength(source.slice(lineStart, at));
  return templateError(
    `:${lineAt(source, at)}:${column}: executing "" at <${problem.text}>: ${problem.message}`,
    problem.hint,
  );
}

function lineAt(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}

function templateError(text: string, hint: string | undefined): SlipwayError {
  return new SlipwayError(
    'TEMPLATE_INVALID',
    `template parsing error: template: ${text}`,
    hint === undefined ? {} : { hint },
  );
}
