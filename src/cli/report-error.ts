/**
 * An error as people see it: docker's first line (scripts look for it), one line of cause, one of
 * fix. A stack only with --debug, or for a bug of ours when asked.
 */
import { errnoOf, firstError, isSlipwayError, SlipwayError } from '#core/errors.ts';

export interface ErrorContext {
  /** Show stacks and the whole chain of causes. */
  readonly debug: boolean;
  /** docker's words in front of the message. */
  readonly prefix: string;
  /** `slipway images`. */
  readonly command: string;
  /** What to type, for errors of usage. */
  readonly usage: string;
}

/** What kept our output from arriving, in the words of those who fill their disks. */
export function outputError(cause: Error): Error {
  if (errnoOf(cause) !== 'ENOSPC') return cause;
  return new SlipwayError('DISK_FULL', 'write /dev/stdout: no space left on device', {
    hint: 'free space where the output goes, and run the command again',
    cause,
  });
}

/** Lines for stderr, each with its newline. */
export function errorText(caught: unknown, context: ErrorContext): string {
  const error = firstError(caught);
  const text = isSlipwayError(error)
    ? error.code === 'USAGE'
      ? usageText(error, context)
      : slipwayErrorText(error, context.prefix)
    : unforeseenText(error);
  return context.debug ? `${text}${stackText(caught)}` : text;
}

function usageText(error: SlipwayError, { command, usage }: ErrorContext): string {
  const hint = error.hint === undefined ? '' : `${error.hint}\n`;
  return `${error.message}\n${hint}See '${command} --help'.\n\nUsage:  ${usage}\n`;
}

function slipwayErrorText(error: SlipwayError, prefix: string): string {
  const cause = causeLine(error);
  return [
    `ERROR: ${prefix}${error.message}`,
    ...(cause === undefined ? [] : [`  cause: ${cause}`]),
    ...(error.hint === undefined ? [] : [`  fix: ${error.hint}`]),
    '',
  ].join('\n');
}

/** The innermost reason, unless the first line already says it. */
function causeLine(error: SlipwayError): string | undefined {
  let cause: unknown = error.cause;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  if (cause === undefined) return undefined;
  const text = cause instanceof Error ? cause.message : String(cause);
  const line = text.split('\n', 1)[0]?.trim();
  return line && !error.message.includes(line) ? line : undefined;
}

/** The operating system refused something nobody foresaw, or we broke our own rules. */
function unforeseenText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'syscall' in error) return `ERROR: ${message}\n`;
  return [
    `ERROR: internal error: ${message}`,
    '  fix: this is a bug in Slipway; please report it with the output of the command with --debug',
    '',
  ].join('\n');
}

function stackText(error: unknown): string {
  return `${stackLines(error).join('\n').trimStart()}\n`;
}

/** With what failed while cleaning up behind it. */
function stackLines(error: unknown): readonly string[] {
  if (error instanceof SuppressedError) {
    return [...stackLines(error.suppressed), 'while cleaning up:', ...stackLines(error.error)];
  }
  const lines: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    lines.push(at === error ? '' : 'caused by:', at.stack ?? at.message);
  }
  return lines;
}
