/**
 * Starting the native helper as a process: the errors of a missing or broken binary, and the last
 * words it leaves on stderr. What is said to it is the business of the callers.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { errnoOf, SlipwayError } from '#core/errors.ts';

const LAST_WORDS_BYTES_MAX = 16 * 1024;

/** Why `spawn` failed. */
export function helperMissing(helper: string, cause: unknown): SlipwayError {
  return new SlipwayError(
    'HELPER_MISSING',
    `the native helper cannot be started: ${helper}: ${errnoOf(cause) ?? 'unknown error'}`,
    { hint: 'build it with: make -C native', cause, detail: { helper } },
  );
}

/** Why a helper that was started is of no use. */
export function helperEnded(exitCode: number | string, lastWords: string): SlipwayError {
  // 125 before it could say hello: the kernel did not let it have namespaces of its own.
  if (exitCode === 125) {
    return new SlipwayError('ISOLATION_UNAVAILABLE', 'containers cannot be isolated here', {
      hint: lastWords.trim() || 'run as root, or allow CAP_SYS_ADMIN',
      detail: { output: lastWords },
    });
  }
  return new SlipwayError('HELPER_FAILED', `the native helper ended unexpectedly (${exitCode})`, {
    hint:
      lastWords === ''
        ? 'run the command again; if it happens again, look whether the kernel killed it for want of memory (dmesg)'
        : `its last words: ${lastWords.trim()}`,
    detail: { exitCode, output: lastWords },
  });
}

/** Collects the end of a stream; read it when the process has closed. */
export function lastWordsOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-LAST_WORDS_BYTES_MAX);
  });
  return () => text;
}

/** The exit code, or the name of the signal, when the process and its streams have ended. */
export function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}
