/**
 * What the native launcher reports as errors, as typed errors in docker's words. The report is a
 * status line: stage, call, errno, path, hint (native/README.md §Status lines).
 */
import { getSystemErrorMap } from 'node:util';
import { SlipwayError } from '#core/errors.ts';
import { type JsonValue, ObjectReader, parseJson } from '#core/json.ts';
import type { ContainerResult } from './runtime.ts';

export type StatusLine =
  | { readonly status: 'created' | 'started'; readonly pid: number }
  | { readonly status: 'exited'; readonly exitCode: number; readonly oomKilled?: boolean }
  | ({ readonly status: 'error' } & LaunchReport);

export interface LaunchReport {
  /** 125 set-up, 126 not executable, 127 not found. */
  readonly exitCode: number;
  readonly stage: string;
  readonly call: string;
  /** `ENOENT` and the like; empty when no system call is to blame. */
  readonly errno: string;
  /** The system's sentence for it, in lower case. */
  readonly reason: string;
  readonly path: string;
  readonly hint: string;
}

/** Decodes one status line. @throws JSON_INVALID */
export function parseStatusLine(text: string | Uint8Array): StatusLine {
  const what = 'status of the launcher';
  const fields = new ObjectReader(parseJson(text, what), what);
  const status = fields.string('status');
  switch (status) {
    case 'created':
    case 'started':
      return { status, pid: fields.size('pid') };
    case 'exited':
      return {
        status,
        exitCode: fields.size('exitCode'),
        ...(fields.optionalBoolean('oomKilled') ? { oomKilled: true } : {}),
      };
    case 'error':
      return { status, ...parseReport(fields) };
    default:
      return fields.refuse('status', 'created, started, exited or error');
  }
}

/** What the caller of a container is told of its end. */
export function containerResult(ended: {
  readonly exitCode: number;
  readonly oomKilled?: boolean;
}): ContainerResult {
  const { exitCode, oomKilled } = ended;
  return { exitCode, ...(oomKilled ? { oomKilled } : {}) };
}

/** A report that is part of something else (probe). */
export function parseLaunchReport(value: JsonValue | undefined, what: string): LaunchReport {
  return parseReport(new ObjectReader(value, what));
}

function parseReport(fields: ObjectReader): LaunchReport {
  const errno = fields.size('errno');
  return {
    exitCode: fields.size('exitCode'),
    stage: fields.string('stage'),
    call: fields.string('call'),
    // libuv does not name every number, and calls EOPNOTSUPP by its other name.
    errno: errno === 0 ? '' : (getSystemErrorMap().get(-errno)?.[0] ?? `E${errno}`),
    reason: fields.string('reason').toLowerCase(),
    path: fields.string('path'),
    hint: fields.string('hint'),
  };
}

/** The error to throw for a report. */
export function launchError(report: LaunchReport): SlipwayError {
  const { stage, call, errno, path, exitCode } = report;
  const options = {
    ...(report.hint === '' ? {} : { hint: report.hint }),
    detail: { stage, call, errno, path, exitCode },
  };
  if (exitCode === 127) return new SlipwayError('COMMAND_NOT_FOUND', notFound(report), options);
  if (exitCode === 126) {
    return new SlipwayError('COMMAND_NOT_EXECUTABLE', notExecutable(report), options);
  }
  if (stage === 'spec' && errno === 'ENOTSUP') {
    const file = call.includes('rootfs.json') ? 'rootfs.json' : 'config.json';
    return new SlipwayError('SPEC_UNSUPPORTED', `${file}: ${path} is not supported`, options);
  }
  return new SlipwayError(
    'LAUNCH_FAILED',
    ['the container could not be set up', stage, `${call} ${path}`.trim(), report.reason]
      .filter((part) => part !== '')
      .join(': '),
    options,
  );
}

function notFound({ path, hint }: LaunchReport): string {
  if (!path.includes('/')) return `exec: "${path}": executable file not found in $PATH`;
  // The launcher gives a hint with a slash only when the file is there: its interpreter is not.
  if (hint !== '') return `exec ${path}: no such file or directory`;
  return `exec: "${path}": stat ${path}: no such file or directory`;
}

function notExecutable({ path, errno, reason }: LaunchReport): string {
  switch (errno) {
    case 'EISDIR':
      return `exec: "${path}": is a directory`;
    case 'ENOEXEC':
      return `exec ${path}: exec format error`;
    default:
      return `exec: "${path}": ${reason}`;
  }
}
